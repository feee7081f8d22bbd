// A press text through its pages: a 余 that is not true is refused with what would be, the text is
// corrected, checked, signed, and out at its hour; a correction shows what it said before.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startApp } from './lib/app.mjs';
import { axe, fitsAcross, openBrowser, openPage } from './lib/browser.mjs';
import { Staff, chain, complaint, fill, send } from './lib/desk.mjs';
import { askForHelp } from './lib/resident.mjs';

const WRITER = 'handler@wf-3701';
const CHECKER = 'reviewer@wf-3701';
const LEADER = 'leader@wf-3701';
const COUNTY = 'leader@wf-370102';
/** Until the text goes out; shorter than what locks an idle page. */
const EMBARGO_MINUTES = 5;
/** Within which the program sees that an hour has come. */
const SEEN_MS = 30_000;

describe('releases', () => {
  let app;
  let browser;
  let staff;
  let year;
  let received;
  let number;
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

  const place = (style = '') => `{appeals_received ${year}${style}}`;
  const sentence = (style) => `今年，全市收到诉求${place(style)}件。`;

  /** What anybody finds at an address, on a phone without JavaScript. */
  async function anybody(path, look) {
    const context = await browser.newContext({
      baseURL: app.origin,
      javaScriptEnabled: false,
      locale: 'zh-CN',
      viewport: { width: 390, height: 844 },
    });
    const page = await context.newPage();
    const answer = await page.goto(path);
    const found = { status: answer.status(), text: await page.locator('main').innerText() };
    await look?.(page);
    await context.close();
    return found;
  }

  /** The day and the minute a little later, as the city writes them. */
  function soon() {
    const { day, minute } = app.time(EMBARGO_MINUTES * 60);
    return { goes_out_on: day, goes_out_at: minute };
  }

  test('a text is tried, and 余 is refused where nothing exceeds it', async () => {
    const page = await staff.page(WRITER);
    year = Number(app.time().day.slice(0, 4));
    await page.goto('/releases/try');
    await page.locator('#p-text').fill(sentence());
    await send(page, page.locator('main form .acts button'));
    const reads = await page.locator('section:has(#h-done)').innerText();
    received = Number(reads.match(/收到诉求(\d+)件/)[1]);
    assert.ok(received > 0, reads);
    await page.locator('#p-text').fill(sentence(` 余${String(received).length}`));
    await send(page, page.locator('main form .acts button'));
    const refused = await page.locator('section:has(#h-refused)').innerText();
    assert.ok(refused.includes(`实际数正好是 ${received}`), refused);
    assert.ok(refused.includes(`${place()} → ${received}`), 'what would be true is offered');
    assert.deepEqual(await axe(page), []);
    assert.ok(await fitsAcross(page));
  });

  test('the draft says what is wrong until it is mended', async () => {
    const page = await staff.page(WRITER);
    await page.goto('/new/release');
    const form = page.locator('main form').filter({ has: page.locator('[name="body"]') });
    const { goes_out_on } = soon();
    const body = sentence(` 余${String(received).length}`);
    await fill(form, { title: '今年的诉求', body, goes_out_on });
    const opened = await send(page, form.locator('.acts button').first());
    assert.equal(opened.status(), 200, await complaint(page));
    number = new URL(page.url()).pathname.split('/').pop();
    await page.goto(`/releases/${number}`);
    assert.ok((await page.locator('section:has(#h-refused)').innerText()).includes('实际数正好是'));
    await page.locator('#e-body').fill(sentence());
    await send(page, page.locator('section:has(#h-edit) .acts button').first());
    await page.goto(`/releases/${number}`);
    const text = await page.locator('main').innerText();
    assert.ok(text.includes(`今年，全市收到诉求${received}件。`), text);
    assert.deepEqual(await axe(page), []);
    assert.ok(await fitsAcross(page));
  });

  test('another checks, a third signs, and before its hour it is nothing to others', async () => {
    await staff.act(WRITER, number, 'submit');
    await staff.act(CHECKER, number, 'check');
    await staff.act(LEADER, number, 'sign', soon());
    assert.equal((await anybody(`/news/${number}`)).status, 404);
    const other = await staff.page(COUNTY);
    assert.equal((await other.goto(`/releases/${number}`)).status(), 404);
    const page = await staff.page(LEADER);
    await page.goto(`/releases/${number}`);
    const text = await page.locator('main').innerText();
    assert.ok(text.includes('发布前看过的人') && text.includes('今年的诉求'), text);
    await page.locator('main tbody a').first().click();
    await page.waitForLoadState();
    assert.ok((await page.locator('main').innerText()).includes(`共 ${received} 条`));
  });

  test('at its hour it is everybody’s', async () => {
    const page = await openPage(browser, app, { device: 'phone' });
    assert.equal((await page.goto(`/news/${number}`)).status(), 404, 'not yet');
    await app.passes(EMBARGO_MINUTES);
    const deadline = Date.now() + SEEN_MS;
    while ((await page.goto(`/news/${number}`)).status() !== 200) {
      assert.ok(Date.now() < deadline, 'it is out');
      await pause(50);
    }
    const text = await page.locator('main').innerText();
    assert.ok(text.includes(`今年，全市收到诉求${received}件。`), text);
    assert.ok(text.includes('收到诉求（件）'), 'with the definition of its number');
    assert.deepEqual(await axe(page), []);
    assert.ok(await fitsAcross(page));
    const article = await page.locator('script[type="application/ld+json"]').textContent();
    assert.equal(JSON.parse(article).headline, '今年的诉求');
    const feed = await (await fetch(app.url('/news/feed'))).text();
    assert.ok(feed.includes(`/news/${number}`) && feed.includes('<feed'), feed.slice(0, 300));
    await page.context().close();
  });

  test('a correction stands beside what was said', async () => {
    const visitor = await openPage(browser, app, { device: 'phone' });
    const asked = { category: '0201', county: '370102000000', summary: '想问探望孩子的事' };
    await askForHelp(visitor, asked);
    await visitor.context().close();
    await staff.act(WRITER, number, 'correct', { reason: '当日又收到一件' });
    await staff.act(WRITER, number, 'submit');
    await staff.act(CHECKER, number, 'check');
    await staff.act(LEADER, number, 'sign_now');
    const { status, text } = await anybody(`/news/${number}`, async (page) => {
      assert.equal(await page.locator('s').first().innerText(), String(received));
      assert.equal(await page.locator('li b').first().innerText(), String(received + 1));
      assert.ok(await fitsAcross(page));
    });
    assert.equal(status, 200);
    assert.ok(text.includes('当日又收到一件') && text.includes(`收到诉求${received + 1}件`), text);
  });
});
