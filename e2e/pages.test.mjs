// Every public page, on a phone and on a desk, with JavaScript and without: it answers, it is
// accessible, it complains about nothing, it fits the screen, and it stays light.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp } from './lib/app.mjs';
import * as look from './lib/browser.mjs';
import { PUBLIC_PAGES } from './lib/pages.mjs';

describe('public pages', () => {
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

  for (const { path, mostBytes } of PUBLIC_PAGES) {
    for (const device of ['phone', 'desktop']) {
      test(`${path} on a ${device} is sound`, async () => {
        const page = await look.openPage(browser, app, { device });
        const heard = look.complaints(page);
        const weight = await look.countBytes(page);
        const answer = await page.goto(path, { waitUntil: 'networkidle' });
        assert.equal(answer.status(), 200);
        const { bytes, resources } = weight;
        assert.ok(bytes <= mostBytes, `${bytes} bytes in ${resources} resources, ${mostBytes} at most`);
        assert.deepEqual(await look.axe(page), []);
        assert.ok(await look.fitsAcross(page), 'the page scrolls sideways');
        assert.deepEqual(heard, []);
        await page.context().close();
      });
    }

    test(`${path} says the same without JavaScript`, async () => {
      const page = await look.phone(browser, app, { javaScriptEnabled: false });
      const answer = await page.goto(path);
      assert.equal(answer.status(), 200);
      assert.ok((await page.locator('h1').first().innerText()).trim().length > 0);
      await page.context().close();
    });
  }
});
