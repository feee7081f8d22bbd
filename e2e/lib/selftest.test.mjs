// The harness itself: a check that cannot fail is none, so each is shown a page that is wrong.

import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, startApp } from './app.mjs';
import * as look from './browser.mjs';

const stub = (mode) => [process.execPath, join(ROOT, 'e2e/lib/stub.mjs'), mode];

const isRunning = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('starting and ending the program', () => {
  test('it is ready when it answers so, and gone after the end', async () => {
    const app = await startApp({ command: stub('good') });
    assert.equal((await fetch(app.url('/readyz'))).status, 200);
    assert.deepEqual((await app.accounts()).map((it) => it.role), ['operator']);
    await assert.rejects(app.account('mayor'), /no account of role mayor; there are operator/);
    const { pid } = app;
    assert.ok(isRunning(pid));
    await app.stop();
    assert.ok(!isRunning(pid));
    await assert.rejects(fetch(app.url('/readyz')));
  });

  test('a program that ends at once is told with its last words', async () => {
    await assert.rejects(startApp({ command: stub('dead') }), /ended with 3\n.*here\.toml:3/s);
  });

  test('a program that is not there is named', async () => {
    await assert.rejects(startApp({ command: ['/no/such/program'] }), /did not start: .*ENOENT/);
  });

  test('waiting has an end, and nothing is left behind', async () => {
    await assert.rejects(startApp({ command: stub('deaf'), readyMs: 700 }), /not ready within 700 ms/);
  });
});

describe('looking at pages', () => {
  let browser;
  let good;
  let bad;
  before(async () => {
    browser = await look.openBrowser();
    good = await startApp({ command: stub('good') });
    bad = await startApp({ command: stub('bad') });
  });
  after(async () => {
    await browser?.close();
    await good?.stop();
    await bad?.stop();
  });

  test('a sound page has nothing to complain about', async () => {
    const page = await look.phone(browser, good);
    const heard = look.complaints(page);
    await page.goto('/');
    assert.equal(await page.locator('#late').innerText(), 'by script');
    assert.deepEqual(await look.axe(page), []);
    assert.deepEqual(heard, []);
    assert.ok(await look.fitsAcross(page));
    await page.context().close();
  });

  test('a faulty page is caught by every check', async () => {
    const page = await look.desktop(browser, bad);
    const heard = look.complaints(page);
    await page.goto('/', { waitUntil: 'networkidle' });
    const found = await look.axe(page);
    assert.ok(found.some((it) => it.startsWith('image-alt:')), found.join('\n'));
    assert.ok(heard.some((it) => it === 'console: loud'), heard.join('\n'));
    assert.ok(heard.some((it) => it.startsWith('status 404:')), heard.join('\n'));
    assert.equal(await look.fitsAcross(page), false);
    await page.context().close();
  });

  test('without JavaScript the page is as the server sent it', async () => {
    const page = await look.phone(browser, good, { javaScriptEnabled: false });
    await page.goto('/');
    assert.equal(await page.locator('#late').innerText(), 'written');
    await page.context().close();
  });

  test('bytes are counted over all resources', async () => {
    const page = await look.phone(browser, good);
    const weight = await look.countBytes(page);
    await page.goto('/help', { waitUntil: 'networkidle' });
    assert.ok(weight.bytes > 20_000 && weight.bytes < 22_000, `${weight.bytes}`);
    const before = weight.bytes;
    await page.goto('/', { waitUntil: 'networkidle' });
    assert.ok(weight.resources >= 3 && weight.bytes > before, JSON.stringify(weight));
    await page.context().close();
  });

  test('signing in goes through the form, and a refusal is an error', async () => {
    const page = await look.desktop(browser, good);
    const account = await good.account('operator');
    await assert.rejects(look.login(page, { ...account, password: 'wrong' }), /was not let in/);
    await look.login(page, account);
    assert.equal(new URL(page.url()).pathname, '/desk');
    await page.context().close();
  });

  test('a picture is saved under its name and device', async () => {
    for (const device of ['phone', 'desktop']) {
      const page = await look.openPage(browser, good, { device });
      await page.goto('/about');
      const path = await look.shot(page, 'selftest');
      assert.ok(path.endsWith(`e2e/shots/selftest-${device}.png`), path);
      assert.ok((await stat(path)).size > 1_000);
      await page.context().close();
    }
  });
});
