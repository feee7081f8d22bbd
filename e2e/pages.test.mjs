// Every page, on a phone and on a desk: it answers, it is accessible, it complains about nothing,
// it fits the screen, it has one heading and a title, and its picture is saved for people to look at;
// the public ones stay light, work without JavaScript, and speak all three languages.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, startApp } from './lib/app.mjs';
import * as look from './lib/browser.mjs';
import { offered, submit } from './lib/desk.mjs';
import { PUBLIC_PAGES, STAFF_PAGES, addressOf } from './lib/pages.mjs';
import { askForHelp, follow } from './lib/resident.mjs';

const DEVICES = ['phone', 'desktop'];
const HAN = /\p{Script=Han}+/gu;
/** Characters that only simplified writing has; a traditional page holds none of them. */
const SIMPLIFIED = /[这们为说请实话电询进办处时间应该诉证词语谁热线务妇联护亲长师单见远]/gu;

describe('pages', { concurrency: 3 }, () => {
  let app;
  let browser;
  before(async () => {
    app = await startApp();
    browser = await look.openBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  /** What is wrong with a page that is open, as readable lines; empty when it is sound. */
  async function faults(page, answer, status, heard) {
    const found = [];
    const expect = (right, words) => right || found.push(words);
    expect(answer.status() === status, `status ${answer.status()}, not ${status}`);
    expect((await page.locator('h1').count()) === 1, `${await page.locator('h1').count()} first headings`);
    expect(/\S+ · \S+/.test(await page.title()), `title: ${await page.title()}`);
    expect(await look.fitsAcross(page), `scrolls sideways: ${await look.tooWide(page)}`);
    found.push(...(await look.axe(page)));
    // A browser notes the status of the page itself, which is checked above.
    found.push(...heard.filter((line) => status < 400 || !line.includes(`${status}`)));
    return found;
  }

  for (const { path, name, mostBytes, status = 200 } of PUBLIC_PAGES) {
    for (const device of DEVICES) {
      test(`${path} on a ${device} is sound`, async () => {
        const page = await look.openPage(browser, app, { device });
        const heard = look.complaints(page);
        const weight = await look.countBytes(page);
        const answer = await page.goto(path, { waitUntil: 'networkidle' });
        const { bytes, resources } = weight;
        assert.deepEqual(await faults(page, answer, status, heard), []);
        await look.shot(page, name);
        assert.ok(bytes <= mostBytes, `${bytes} bytes in ${resources} resources, ${mostBytes} at most`);
        await page.context().close();
      });
    }

    test(`${path} works without JavaScript and in every language`, async () => {
      const page = await look.phone(browser, app, { javaScriptEnabled: false });
      const names = await namesOfThePack();
      for (const lang of ['zh-Hans', 'zh-Hant', 'en']) {
        const domain = new URL(app.origin).hostname;
        await page.context().addCookies([{ name: 'lang', value: lang, domain, path: '/' }]);
        const answer = await page.goto(path);
        assert.equal(answer.status(), status);
        assert.equal(await page.locator('html').getAttribute('lang'), lang);
        assert.ok((await page.locator('h1').innerText()).trim().length > 0);
        const words = await ownWords(page);
        if (lang === 'zh-Hant') assert.deepEqual(words.match(SIMPLIFIED), null);
        if (lang === 'en') assert.deepEqual(without(words, names).match(HAN), null);
      }
      await page.context().close();
    });
  }

  for (const device of DEVICES) {
    for (const who of new Set(STAFF_PAGES.map((it) => it.who))) {
      test(`what ${who} works with is sound on a ${device}`, async () => {
        const page = await look.openPage(browser, app, { device });
        await look.login(page, { username: who, password: 'xiaohe-demo' });
        const all = {};
        for (const one of STAFF_PAGES.filter((it) => it.who === who)) {
          const address = await addressOf(page, one);
          const heard = look.complaints(page);
          const answer = await page.goto(address);
          const found = await faults(page, answer, one.status ?? 200, heard);
          if (found.length > 0) all[one.name] = found;
          await look.shot(page, one.name);
          page.removeAllListeners();
        }
        assert.deepEqual(all, {});
        await page.context().close();
      });
    }
  }

  for (const device of DEVICES) {
    test(`the steps of asking and following are sound on a ${device}`, async () => {
      const page = await look.openPage(browser, app, { device });
      const heard = look.complaints(page);
      const all = {};
      const check = async (name, answer) => {
        const found = await faults(page, answer, answer.status(), heard);
        await look.shot(page, `asking-${name}`);
        heard.length = 0;
        if (found.length > 0) all[name] = found;
      };
      const asked = { category: '0201', county: '370102000000', summary: '丈夫酒后动手' };
      const ticket = await askForHelp(page, { ...asked, phone: '13900005678' }, check);
      await check('track, wrong', await follow(page, { ...ticket, secret: 'X'.repeat(26) }));
      await check('my', await follow(page, ticket));
      assert.deepEqual(all, {});
      await page.context().close();
    });
  }

  test('a step that came too late is refused with what may be done now', async () => {
    const page = await look.desktop(browser, app);
    await look.login(page, { username: 'triage@hotline-3701', password: 'xiaohe-demo' });
    const address = await addressOf(page, { path: '{case}', of: '/desk?flow=appeal&state=triage' });
    const late = await page.context().newPage();
    await page.goto(address);
    await late.goto(address);
    assert.ok((await offered(page)).includes('dispatch'));
    const refusal = { reason: '不在受理范围。', where_to_go: '请向住房部门反映。' };
    assert.equal((await submit(page, 'propose_refusal', refusal)).status(), 200);
    const answer = await submit(late, 'dispatch', { instruction: '尽快办理。' });
    const found = await faults(late, answer, 409, []);
    assert.deepEqual(found, []);
    assert.ok((await late.locator('main').innerHTML()).includes('尽快办理。'), 'what was typed stays');
    await look.shot(late, 'refused-409');
    await page.context().close();
  });

  test('a paper prints without what belongs to the screen only', async () => {
    const page = await look.desktop(browser, app);
    await look.login(page, { username: 'handler@wf-370102', password: 'xiaohe-demo' });
    await page.goto(await addressOf(page, { path: '{paper}', of: '/desk?flow=appeal&state=handling' }));
    await page.emulateMedia({ media: 'print' });
    assert.ok(await page.locator('article.doc').isVisible());
    for (const screen of ['header.bar', '.crumbs', '.acts']) {
      assert.equal(await page.locator(screen).first().isVisible(), false, `${screen} on paper`);
    }
    await look.shot(page, 'paper-print');
    await page.context().close();
  });
});

/** Names that stay as they are in every language: the platform's own, and those of places. */
async function namesOfThePack() {
  const brand = await readFile(join(ROOT, 'packs/jinan/pack.toml'), 'utf8');
  const places = await readFile(join(ROOT, 'packs/jinan/regions.csv'), 'utf8');
  const names = [...brand.matchAll(/"([^"]*\p{Script=Han}[^"]*)"/gu)].map((it) => it[1]);
  const units = await readFile(join(ROOT, 'packs/common/units.toml'), 'utf8');
  const kinds = [...units.matchAll(/"([^"]*\p{Script=Han}[^"]*)"/gu)].map((it) => it[1]);
  names.push(...kinds.map((it) => it.replace('{region}', '')));
  names.push(...places.split('\n').map((line) => line.split(',')[1] ?? ''));
  return names.filter(Boolean).sort((a, b) => b.length - a.length);
}

function without(words, names) {
  return names.reduce((rest, name) => rest.replaceAll(name, ''), words);
}

/** Title and text of a page, leaving out what says that it is in another language. */
async function ownWords(page) {
  const html = await page.content();
  const other = /<(\w+)[^>]* lang="(zh-Hans|zh-Hant|en)"[^>]*>.*?<\/\1>/gsu;
  const [head, ...body] = html.split('<body');
  const title = /<title>(.*?)<\/title>/su.exec(head)[1];
  return `${title} ${body.join('<body').replace(other, '').replace(/<[^>]*(aria-label|alt|title|placeholder)="([^"]*)"[^>]*>/gu, ' $2 ').replace(/<[^>]*>/gu, ' ')}`;
}
