// Lists that are taken out open cleanly in what offices and statisticians use, and are what they
// were when they left: text, no formula, the mark on them.

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
const run = promisify(execFile);

/** Opens both files and says what is in them, or fails as the libraries do. */
const READ = `
import json, sys, warnings
warnings.simplefilter('error')
import openpyxl, pandas
book = openpyxl.load_workbook(sys.argv[1])
sheet = book.active
cells = [cell for row in sheet.iter_rows() for cell in row]
xlsx = pandas.read_excel(sys.argv[1], header=1, dtype=str, keep_default_na=False, engine='openpyxl')
csv = pandas.read_csv(sys.argv[2], header=1, dtype=str, keep_default_na=False)
print(json.dumps({
    'mark': sheet['A1'].value,
    'formulas': sum(cell.data_type == 'f' for cell in cells),
    'author': book.properties.creator,
    'comment': book.properties.description,
    'footer': sheet.oddFooter.left.text,
    'same': bool((xlsx.iloc[:, :-1].values == csv.iloc[:, :-1].values).all()),
    'rows': len(xlsx),
    'columns': list(xlsx.columns),
}))
`;

describe('exports', () => {
  let app;
  let browser;
  let folder;
  before(async () => {
    app = await startApp();
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), 'xiaohe-exports-'));
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('a workbook and a CSV are read by others as they were written', async () => {
    const page = await desktop(browser, app, { javaScriptEnabled: false });
    await login(page, { username: 'leader@wf-3701', password: PASSWORD });
    const files = [];
    for (const form of ['xlsx', 'csv']) {
      await page.goto('/desk?flow=appeal&own=0');
      await page.locator(`button[name="form"][value="${form}"]`).click();
      assert.match(page.url(), /done=made/);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator('main tbody a.btn').first().click(),
      ]);
      const file = join(folder, `list.${form}`);
      await download.saveAs(file);
      files.push(file);
    }
    await shot(page, 'exports-full');
    const { stdout } = await run(PYTHON, ['-c', READ, ...files], { maxBuffer: 1 << 24 });
    const read = JSON.parse(stdout);
    assert.ok(read.rows > 10, `${read.rows} rows`);
    assert.equal(read.formulas, 0);
    assert.equal(read.same, true);
    assert.match(read.mark, /leader@wf-3701/);
    assert.match(read.author, /leader@wf-3701/);
    assert.ok(read.comment.startsWith(read.mark.slice(0, 20)), read.comment);
    assert.match(read.footer, /leader@wf-3701/);
    // Each file has a tag of its own in the last column; everything else is the same.
    assert.equal(read.columns.at(-1), '追溯码');
    await page.context().close();
  });
});
