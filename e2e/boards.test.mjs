// Figures and the records behind them leave as workbooks that three programs of others read alike,
// as a Word file, and on paper.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { startApp } from './lib/app.mjs';
import { desktop, login, openBrowser, shot } from './lib/browser.mjs';
import { PYTHON } from './lib/python.mjs';

const PASSWORD = 'xiaohe-demo';
const LEADER = 'leader@wf-3701';
const FIGURE = '/figures/appeals_received?unit=wf-3701&period=2026';
const run = promisify(execFile);

/** Opens a workbook with three libraries and says what each finds, or fails as they do. */
const READ = `
import csv, io, json, sys, warnings
warnings.simplefilter('error')
import openpyxl, pandas
from xlsx2csv import Xlsx2csv
book = openpyxl.load_workbook(sys.argv[1])
sheet = book.active
rows = [['' if c.value is None else str(c.value) for c in row] for row in sheet.iter_rows()]
# By its usual engine pandas would read with openpyxl again.
frame = pandas.read_excel(sys.argv[1], header=None, dtype=str, keep_default_na=False, engine='calamine')
out = io.StringIO()
Xlsx2csv(sys.argv[1], outputencoding='utf-8').convert(out)
third = list(csv.reader(io.StringIO(out.getvalue())))
wide = max(len(row) for row in rows)
def filled(table):
    return [list(row) + [''] * (wide - len(row)) for row in table]
print(json.dumps({
    'rows': rows,
    'calamine': filled(frame.values.tolist()),
    'third': filled(third),
    'formulas': sum(c.data_type == 'f' for row in sheet.iter_rows() for c in row),
    'numbers': sum(c.data_type == 'n' and c.value is not None for row in sheet.iter_rows() for c in row),
    'author': book.properties.creator,
}))
`;

describe('boards of figures', () => {
  let app;
  let browser;
  let folder;
  let page;
  before(async () => {
    app = await startApp();
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), 'xiaohe-boards-'));
    page = await desktop(browser, app, { javaScriptEnabled: false });
    await login(page, { username: LEADER, password: PASSWORD });
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Saves what a link leads to. */
  async function save(link, name) {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const file = join(folder, name);
    await download.saveAs(file);
    return file;
  }

  /** What three programs find in a workbook; all the same, and nothing that runs. */
  async function read(file) {
    const { stdout } = await run(PYTHON, ['-c', READ, file], { maxBuffer: 1 << 24 });
    const found = JSON.parse(stdout);
    assert.equal(found.formulas, 0);
    assert.deepEqual(found.calamine, found.rows);
    assert.deepEqual(found.third, found.rows);
    assert.match(found.rows[0][0], /leader@wf-3701/);
    assert.match(found.author, /leader@wf-3701/);
    return found;
  }

  test('a board is read by three programs as it stands on the page', async () => {
    await page.goto('/figures?unit=wf-3701');
    const shown = page.locator('tr', { hasText: '收到诉求' }).locator('td.n').nth(1);
    const number = (await shown.innerText()).trim().split(/\s+/).at(-1);
    const board = await read(await save(page.locator('a[href*="board.xlsx"]'), 'board.xlsx'));
    assert.ok(board.numbers > 20, `${board.numbers} numbers`);
    const row = board.rows.find((cells) => cells[1] === 'appeals_received');
    assert.equal(row[6], number);
    assert.equal(row[4], '期间发生数。');
  });

  test('a figure by units and months, and the records behind it', async () => {
    await page.goto(FIGURE);
    const table = await read(await save(page.locator('a[href*="table.xlsx"]'), 'table.xlsx'));
    const city = table.rows.find((cells) => cells[0] === 'wf-3701');
    await page.locator('form[action$="/records"] button').click();
    assert.match(page.url(), /done=made/);
    const list = await read(await save(page.locator('main tbody a.btn').first(), 'list.xlsx'));
    const records = list.rows.slice(4);
    assert.equal(String(records.length), city.at(-1), 'as many records as the number says');
    assert.ok(records.every((cells) => cells[8] && list.rows[0][0].includes(cells[8])));
  });

  test('a page of figures is printed clean on A4', async () => {
    await page.goto(FIGURE);
    await page.emulateMedia({ media: 'print' });
    for (const gone of ['.top', '.acts', '.crumbs', 'form']) {
      const seen = await page.locator(gone).evaluateAll((all) => all.filter((it) => it.checkVisibility()).length);
      assert.equal(seen, 0, `${gone} is printed`);
    }
    assert.ok(await page.locator('svg.tiles').first().isVisible());
    const pdf = await page.pdf({ path: join(folder, 'figure.pdf'), preferCSSPageSize: true });
    assert.match(pdf.toString('latin1'), /MediaBox \[0 0 59[45][.\d]* 84[12][.\d]*\]/);
    await shot(page, 'figure-print');
  });
});
