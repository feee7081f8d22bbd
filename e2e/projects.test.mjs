// A project of a county through its pages: proposed, approved, made public, carried by real records,
// given another target with a note, accepted by another county, announced; and what anybody sees of it.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { startApp } from './lib/app.mjs';
import { axe, fitsAcross, openBrowser } from './lib/browser.mjs';
import { Staff, chain, complaint, fill, send } from './lib/desk.mjs';
import { picture } from './lib/resident.mjs';

const HANDLER = 'handler@wf-370102';
const REVIEWER = 'reviewer@wf-370102';
const LEADER = 'leader@wf-370102';
const TOWN = 'handler@wf-370102001';
const OTHER = 'reviewer@wf-370103';
const CITY = 'reviewer@wf-3701';
const BOARD = '/projects/public?unit=wf-370102';
const NOTE = '因场地调整，本年目标相应调减。';

describe('projects', () => {
  let app;
  let browser;
  let staff;
  let number;
  let year;
  const test = chain();
  before(async () => {
    app = await startApp();
    browser = await openBrowser();
    staff = new Staff(browser, app);
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  /** What anybody reads on the board, without JavaScript. */
  async function board() {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'zh-CN' });
    const page = await context.newPage();
    await page.goto(app.url(BOARD));
    const text = await page.locator('main').innerText();
    await context.close();
    return text;
  }

  test('a county proposes, and others approve', async () => {
    const page = await staff.page(HANDLER);
    year = Number(app.time().day.slice(0, 4));
    await page.goto('/new/project');
    const form = page.locator('main form').filter({ has: page.locator('[name="goal"]') });
    const button = form.locator('.acts button').first();
    await fill(form, {
      programme: 'project_care_platform',
      year: String(year),
      for_whom: 'women',
      figure: 'appeals_received',
      goal: '100000',
      from: `${year}-01-01`,
      until: `${year}-12-31`,
    });
    assert.equal((await send(page, button)).status(), 200, await complaint(page));
    number = new URL(page.url()).pathname.split('/').pop();
    await staff.act(REVIEWER, number, 'screen');
    await staff.act(LEADER, number, 'approve');
    assert.ok((await board()).includes('还没有公布'), 'not public yet');
    await staff.act(REVIEWER, number, 'publish', { lead: 'wf-370102001' });
    const told = await board();
    assert.ok(told.includes('关爱服务平台'), told);
  });

  test('its number is that of the records', async () => {
    const page = await staff.page(LEADER);
    await page.goto('/projects?unit=wf-370102');
    const link = page.locator('main tbody a[href^="/figures/appeals_received"]').first();
    const told = Number((await link.innerText()).match(/(\d+) 件/)[1]);
    assert.ok(told > 0, 'there are appeals');
    await link.click();
    assert.equal(await page.locator('dl.figures b').first().innerText(), `${told} 件`);
    await page.goto(`/cases/${number}`);
    assert.equal(await page.locator('svg.chart').count(), 1);
    assert.deepEqual(await axe(page), []);
    assert.ok(await fitsAcross(page));
  });

  test('another target needs another person, and tells everybody why', async () => {
    await staff.act(TOWN, number, 'propose_change', {
      goal: '10',
      until: `${year}-12-31`,
      reason: '场地没有落实',
      public_note: NOTE,
    });
    assert.ok(!(await board()).includes(NOTE));
    await staff.act(LEADER, number, 'approve_change');
    const told = await board();
    assert.ok(told.includes(NOTE) && told.includes('由 100000 件 调整为 10 件'), told);
    assert.ok(!told.includes('场地没有落实') && !told.includes(number));
  });

  test('another county looks at the records, and the result is announced', async () => {
    await staff.act(TOWN, number, 'submit', {
      inspector: 'wf-370103',
      said: '已完成',
      file: { name: '竣工照片.png', mimeType: 'image/png', buffer: picture() },
    });
    // The other county may not open these records; the city looks at them, one by one.
    const page = await staff.page(CITY);
    await page.goto(`/cases/${number}/figures/0/0?sample=1`);
    const choices = await page.locator('main input[type="radio"][value="sound"]').all();
    assert.ok(choices.length > 0, 'records were drawn');
    for (const choice of choices) await choice.check();
    assert.deepEqual(await axe(page), []);
    assert.ok(await fitsAcross(page));
    const button = page.locator('main form .acts button').first();
    assert.equal((await send(page, button)).status(), 200, await complaint(page));
    await staff.act(OTHER, number, 'accept', { found: '记录属实' });
    await staff.act(REVIEWER, number, 'announce');
    assert.ok((await board()).includes('结果公示中'));
  });
});
