// What keeps people safe: leaving at once, leaving no traces, and no way to find out from outside
// whether a case exists.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp } from './lib/app.mjs';
import { desktop, login, openBrowser, phone, shot } from './lib/browser.mjs';
import { PUBLIC_PAGES, STAFF_PAGES, addressOf } from './lib/pages.mjs';
import { askForHelp, follow, step } from './lib/resident.mjs';

const PASSWORD = 'xiaohe-demo';
const PASS_SECONDS = 900;
/** Headers of every answer, and what each must say. */
const HEADERS = {
  'content-security-policy': /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/,
  'x-content-type-options': /^nosniff$/,
  'referrer-policy': /^no-referrer$/,
  'permissions-policy': /camera=\(\)/,
  'cross-origin-opener-policy': /^same-origin$/,
};
const ASKED = { category: '0202', county: '370102000000', summary: '丈夫威胁我和孩子' };

describe('safety', () => {
  let app;
  let browser;
  before(async () => {
    app = await startApp();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  for (const javaScriptEnabled of [false, true]) {
    test(`leaving leads to the neutral page, scripts ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const page = await phone(browser, app, { javaScriptEnabled });
      const ticket = await askForHelp(page, ASKED);
      await follow(page, ticket);
      // The browser of these tests finds no other machine, so asking for the page is all there is.
      const [left] = await Promise.all([
        page.waitForRequest((it) => new URL(it.url()).origin !== app.origin),
        page.waitForEvent('requestfailed'),
        page.locator('.exit a').click(),
      ]);
      assert.ok(left.isNavigationRequest());
      assert.equal(new URL(left.url()).protocol, 'https:');
      assert.ok(!left.url().includes('?'), 'the address says nothing');
      const asked = await left.redirectedFrom().allHeaders();
      assert.equal(asked.referer, undefined, 'nobody is told where they came from');
      const cookies = await page.context().cookies(app.origin);
      assert.deepEqual(cookies.filter((it) => it.name === 'pass' && it.value !== ''), []);
      await page.goto('/my');
      assert.equal(new URL(page.url()).pathname, '/track', 'the case is closed to the next reader');
      await page.context().close();
    });
  }

  test('Esc twice leaves the form, with nothing of it left on the screen', async () => {
    const page = await phone(browser, app, { javaScriptEnabled: true });
    // What lies behind it is another test's; here is no other site.
    await page.route('**/leave', (route) => route.fulfill({ body: 'elsewhere' }));
    await page.goto('/help');
    await step(page, { group: ASKED.category.slice(0, 2) });
    await step(page, { category: ASKED.category });
    await page.locator('[name="summary"]').fill(ASKED.summary);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('[name="summary"]').inputValue(), ASKED.summary, 'once does nothing');
    const away = page.waitForURL('**/leave');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await away;
    assert.equal(await page.locator('body').innerText(), 'elsewhere');
    await page.context().close();
  });

  test('leaving is offered on every public page, above everything else', async () => {
    const page = await phone(browser, app, { javaScriptEnabled: false });
    for (const { path } of PUBLIC_PAGES) {
      await page.goto(path);
      const box = await page.locator('.exit a').boundingBox();
      assert.ok(box && box.height >= 44 && box.y + box.height <= 844, `${path}: ${JSON.stringify(box)}`);
    }
    await page.context().close();
  });

  test('every answer carries the headers, and pages are not stored', async () => {
    const page = await desktop(browser, app);
    const answers = [];
    page.on('response', (answer) => answers.push(answer));
    for (const { path } of PUBLIC_PAGES) await page.goto(path);
    await login(page, { username: 'leader@wf-3701', password: PASSWORD });
    const mine = STAFF_PAGES.filter((it) => it.who === 'leader@wf-3701');
    for (const one of mine) await page.goto(await addressOf(page, one));
    const others = ['/healthz', '/readyz', '/metrics', '/api/v1/cases', '/open311/v2/services.json'];
    for (const path of others) answers.push(await page.request.get(path));
    assert.ok(answers.length > 20);
    for (const answer of answers) {
      const headers = answer.headers();
      const path = new URL(answer.url()).pathname;
      for (const [name, page] of Object.entries(HEADERS)) {
        // A picture runs nothing and is framed by nobody: it may do less than a page.
        const picture = name === 'content-security-policy' && path.endsWith('.svg');
        const right = picture ? /^default-src 'none'; sandbox$/ : page;
        assert.match(headers[name] ?? '', right, `${name} of ${path}`);
      }
      if (!path.startsWith('/static/') && !path.startsWith('/open311/')) {
        assert.match(headers['cache-control'] ?? '', /no-store/, path);
      }
    }
    await page.context().close();
  });

  test('a case that is followed is closed again after a quarter of an hour', async () => {
    const page = await phone(browser, app, { javaScriptEnabled: false });
    const ticket = await askForHelp(page, ASKED);
    const before = Date.now() / 1000;
    await follow(page, ticket);
    const [pass] = (await page.context().cookies(app.origin)).filter((it) => it.name === 'pass');
    assert.ok(pass.httpOnly && pass.sameSite !== 'None', 'no script and no other site reads it');
    const lasts = pass.expires - before;
    assert.ok(lasts > PASS_SECONDS - 60 && lasts <= PASS_SECONDS + 60, `lasts ${lasts} s`);

    // The browser forgets it.
    await page.context().clearCookies();
    await page.goto('/my');
    assert.equal(new URL(page.url()).pathname, '/track');
    assert.ok(!(await page.content()).includes(ticket.number));

    // Somebody who makes one up is asked as well.
    const changed = `${pass.value.slice(0, -2)}${pass.value.endsWith('AA') ? 'BB' : 'AA'}`;
    await page.context().addCookies([{ ...pass, value: changed, expires: -1 }]);
    await page.goto('/my');
    assert.equal(new URL(page.url()).pathname, '/track');
    await page.context().close();
  });

  test('a wrong secret and an unknown number are answered alike', async () => {
    const page = await phone(browser, app, { javaScriptEnabled: false });
    const { number } = await askForHelp(page, ASKED);
    await page.context().clearCookies();
    const secret = 'ABCDEFGHJKMNPQRSTVWXYZ0123';
    const pages = [];
    for (const tried of [number, '26-1111-1111-1']) {
      const answer = await follow(page, { number: tried, secret });
      const body = (await page.content()).replaceAll(tried, '(number)');
      const { date, 'content-length': _, ...headers } = answer.headers();
      pages.push({ status: answer.status(), body, headers });
    }
    assert.deepEqual(pages[0], pages[1]);
    assert.equal(pages[0].status, 422);
    await shot(page, 'track-wrong');
    await page.context().close();
  });

  test('a case of another county is as unknown as a number that nobody has', async () => {
    const page = await desktop(browser, app);
    await login(page, { username: 'handler@wf-370103', password: PASSWORD });
    const foreign = await addressOf(page, { path: '{case}', of: '/desk?flow=appeal&state=handling' });
    await page.context().clearCookies();
    await login(page, { username: 'handler@wf-370102', password: PASSWORD });
    const seen = [];
    for (const path of [foreign, '/cases/26-0000-0000-0']) {
      const answer = await page.goto(path);
      const body = (await page.content()).replaceAll(path.split('/').at(-1), '(number)');
      seen.push({ status: answer.status(), body });
    }
    assert.equal(seen[0].status, 404);
    assert.deepEqual(seen[0], seen[1]);
    await page.context().close();
  });

  test('pages of staff are closed to everybody else', async () => {
    const page = await desktop(browser, app);
    const open = new Set(PUBLIC_PAGES.map((it) => it.path));
    const paths = STAFF_PAGES.map((it) => it.of ?? it.path).filter((path) => !open.has(path));
    for (const path of new Set(paths)) {
      await page.goto(path);
      assert.equal(new URL(page.url()).pathname, '/login', path);
    }
    await page.context().close();
  });

  test('a form that was made for another session is refused', async () => {
    const page = await desktop(browser, app);
    await login(page, { username: 'operator@hotline-3701', password: PASSWORD });
    await page.goto('/desk');
    const answer = await page.request.post('/search', { form: { q: '张', csrf: 'made-up' } });
    assert.equal(answer.status(), 403);
    await page.context().close();
  });
});
