// Saves a picture of every page, on a phone and on a desk, for people who look before they read;
// and the pictures of the documentation. Run it as `cargo xtask shots`.

import { startApp } from './lib/app.mjs';
import * as look from './lib/browser.mjs';
import { PUBLIC_PAGES, STAFF_PAGES, addressOf } from './lib/pages.mjs';
import { askForHelp, follow } from './lib/resident.mjs';

const PASSWORD = 'xiaohe-demo';
const app = await startApp();
const browser = await look.openBrowser();
try {
  for (const device of ['phone', 'desktop']) {
    await visitors(device);
    await residents(device);
    for (const who of new Set(STAFF_PAGES.map((it) => it.who))) await staff(device, who);
  }
  await documentation();
} finally {
  await browser.close();
  await app.stop();
}

async function visitors(device) {
  const page = await look.openPage(browser, app, { device });
  for (const { path, name } of PUBLIC_PAGES) {
    await page.goto(path);
    console.log(await look.shot(page, name));
  }
  await page.context().addCookies([{ name: 'lang', value: 'en', url: app.origin }]);
  await page.goto('/');
  console.log(await look.shot(page, 'home-english'));
  await page.context().addCookies([{ name: 'large', value: '1', url: app.origin }]);
  await page.goto('/help');
  console.log(await look.shot(page, 'help-large'));
  await page.context().close();
}

async function residents(device) {
  const page = await look.openPage(browser, app, { device });
  const asked = { category: '0201', county: '370102000000', summary: '丈夫酒后动手，孩子也害怕' };
  const ticket = await askForHelp(page, asked, async (name) => {
    console.log(await look.shot(page, `asking-${name}`));
  });
  await follow(page, ticket);
  console.log(await look.shot(page, 'my'));
  await page.context().close();
}

async function staff(device, who) {
  const page = await signedIn(device, who);
  for (const one of STAFF_PAGES.filter((it) => it.who === who)) {
    await page.goto(await addressOf(page, one));
    console.log(await look.shot(page, one.name));
  }
  await page.context().close();
}

async function signedIn(device, who, options = {}) {
  const page = await look.openPage(browser, app, { device, ...options });
  await look.login(page, { username: who, password: PASSWORD });
  return page;
}

/** What the README and the documentation show. */
async function documentation() {
  const phone = await look.phone(browser, app);
  await phone.goto('/help');
  console.log(await look.still(phone, 'docs/pictures/help-phone.png'));
  await phone.context().close();
  const viewport = { width: 1280, height: 900 };
  const scenes = [
    ['handler@wf-370102', { path: '{case}', of: '/desk?flow=appeal&state=handling&grade=orange' }, 'case'],
    ['handler@wf-370102', { path: '/desk?flow=appeal&own=0' }, 'queue'],
    ['leader@wf-3701', { path: '/board' }, 'board'],
  ];
  for (const [who, one, name] of scenes) {
    const page = await signedIn('desktop', who, { viewport });
    await page.goto(await addressOf(page, one));
    console.log(await look.still(page, `docs/pictures/${name}.png`));
    await page.context().close();
  }
}
