// Saves a picture of every public page, and of the first page each role sees after signing in,
// on a phone and on a desk. Run it as `cargo xtask shots`.

import { startApp } from './lib/app.mjs';
import * as look from './lib/browser.mjs';
import { PUBLIC_PAGES } from './lib/pages.mjs';

const app = await startApp();
const browser = await look.openBrowser();
try {
  for (const device of ['phone', 'desktop']) {
    const visitor = await look.openPage(browser, app, { device });
    for (const { path, name } of PUBLIC_PAGES) {
      await visitor.goto(path, { waitUntil: 'networkidle' });
      console.log(await look.shot(visitor, name));
    }
    await visitor.context().close();
    await roles(device);
  }
} finally {
  await browser.close();
  await app.stop();
}

async function roles(device) {
  const first = new Map();
  for (const account of await app.accounts()) {
    if (!first.has(account.role)) first.set(account.role, account);
  }
  for (const [role, account] of first) {
    const page = await look.openPage(browser, app, { device });
    await look.login(page, account);
    await page.waitForLoadState('networkidle');
    console.log(await look.shot(page, `role-${role}`));
    await page.context().close();
  }
}
