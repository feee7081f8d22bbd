// The same program serves another city by its pack alone: its names, its places, its units.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp } from './lib/app.mjs';
import { openBrowser, phone } from './lib/browser.mjs';
import { Staff } from './lib/desk.mjs';
import { askForHelp, follow, told } from './lib/resident.mjs';

describe('another city', () => {
  let app;
  let browser;
  before(async () => {
    app = await startApp({ pack: 'packs/zibo' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  test('an appeal reaches the hotline and the county of that city', async () => {
    const page = await phone(browser, app, { javaScriptEnabled: false });
    await page.goto('/');
    assert.ok((await page.title()).includes('淄博'), await page.title());
    const asked = { category: '0101', county: '370303000000', summary: '想问离婚以后孩子跟谁' };
    const ticket = await askForHelp(page, asked);
    const staff = new Staff(browser, app);
    await staff.act('operator@hotline-3703', ticket.number, 'register', { category: '0101' });
    await staff.act('operator@hotline-3703', ticket.number, 'to_triage');
    const { unit, state } = await staff.act('triage@hotline-3703', ticket.number, 'dispatch');
    assert.deepEqual([unit, state], ['张店区妇联', '待签收']);
    await follow(page, ticket);
    const { events } = await told(page);
    assert.ok(events.some((event) => event.includes('已受理')), events.join());
    await page.context().close();
  });
});
