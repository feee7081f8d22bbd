// A call to the hotline, taken with the keyboard alone: the earlier appeal of the same telephone is
// found, the answers make it red and say why, it is dispatched at once, and the county sees it.
// With the scripts of the page, and without them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApp } from './lib/app.mjs';
import { axe, desktop, login, openBrowser, phone, shot } from './lib/browser.mjs';
import { arrive } from './lib/desk.mjs';
import { Keys } from './lib/keys.mjs';
import { askForHelp, receipt } from './lib/resident.mjs';

const PASSWORD = 'xiaohe-demo';
/** An operator who knows the page needs no more than this for the whole call. */
const MOST_KEYS = 130;
/**
 * The keystroke-level model (Card, Moran, Newell 1980): seconds for a key of somebody who types
 * moderately, and for thinking before each field. A Chinese character takes about three keys.
 */
const [KEY, THOUGHT, KEYS_A_CHARACTER] = [0.28, 1.35, 3];
/** What a call may take. */
const MOST_SECONDS = 120;

describe('a call', () => {
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

  for (const [scripts, caller] of [[true, '13900007001'], [false, '13900007002']]) {
    test(`by keyboard alone, scripts ${scripts ? 'on' : 'off'}`, async () => {
      const earlier = await earlierAppeal(caller);
      const page = await desktop(browser, app, { javaScriptEnabled: scripts });
      await login(page, { username: 'operator@hotline-3701', password: PASSWORD });
      await page.goto('/call');
      const began = Date.now();
      const keys = new Keys(page);

      await keys.to('.skip');
      await keys.press('Enter');
      await keys.to('[name="contact_phone"]');
      await keys.type(caller);
      // Without scripts the page answers when it is asked; with them it has answered already.
      if (!scripts) await asked(page, () => keys.press('Enter'));
      const same = page.locator(`#call-panel a[href="/cases/${earlier.number}"]`);
      await same.waitFor();

      if (!scripts) await keys.to('[name="contact_phone"]');
      await keys.to('[name="contact_name"]');
      await keys.type('王女士');
      await keys.to('[name="group"]');
      if (scripts) {
        await keys.press('0');
        await keys.press('2');
      } else {
        await keys.press('ArrowRight');
      }
      await keys.to('[name="place"]');
      await keys.type('历下区解放路街道');
      await keys.to('[name="summary"]');
      await keys.type('丈夫拿刀威胁，孩子也在家');
      await keys.to('[name="narrative"]');
      await keys.type('来电人躲在卫生间，丈夫酒后持刀。');
      await keys.to('[name="risk.weapon_used"]');
      await keys.press('Space');
      await keys.to('[name="risk.death_threat"]');
      await keys.press('Space');
      if (!scripts) {
        await keys.to('[name="do"][value="check"]');
        await asked(page, () => keys.press('Enter'));
      }
      await page.locator('#call-panel .grade', { hasText: '红' }).waitFor();
      await page.locator('#call-panel .reasons li', { hasText: '拿刀' }).waitFor();
      assert.ok((await page.locator('#call-panel .reasons li').count()) >= 3, 'the reasons are shown');
      assert.ok(await page.locator('#call-panel .notice-danger').isVisible(), 'the police are named');
      if (scripts) assert.deepEqual(await axe(page), []);
      await shot(page, `call-red-${scripts ? 'scripts' : 'plain'}`);

      if (scripts) {
        await asked(page, () => keys.press('Control+Enter'));
      } else {
        await keys.to('[name="do"][value="urgent"]');
        await asked(page, () => keys.press('Enter'));
      }
      const { number, secret } = await receipt(page);
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      console.log(`call, scripts ${scripts ? 'on' : 'off'}: ${keys.pressed} keys pressed, `
        + `${keys.typed} characters typed, ${seconds} s by machine`);
      assert.match(number, /^\d\d-\d{4}-\d{4}-\d$/);
      assert.equal(secret.length, 26);
      assert.ok(keys.pressed <= MOST_KEYS, `${keys.pressed} keys`);
      const byHand = (keys.pressed + keys.typed * KEYS_A_CHARACTER) * KEY + keys.fields * THOUGHT;
      console.log(`by hand: ${byHand.toFixed(0)} s`);
      assert.ok(byHand <= MOST_SECONDS, `${byHand} s`);
      await page.context().close();
      await countySees(number);
    });
  }

  async function earlierAppeal(caller) {
    const page = await phone(browser, app, { javaScriptEnabled: false });
    const ticket = await askForHelp(page, {
      category: '0201', county: '370102000000', summary: '丈夫动手，已离家', phone: caller,
    });
    await page.context().close();
    return ticket;
  }

  /** The county's list begins with what is late already; nothing else stands before the call. */
  async function countySees(number) {
    const page = await desktop(browser, app);
    await login(page, { username: 'handler@wf-370102', password: PASSWORD });
    await page.goto('/desk?flow=appeal&own=1');
    const rows = await page.locator('main tbody tr').evaluateAll((all) =>
      all.map((it) => ({ late: it.classList.contains('late'), text: it.innerText })));
    const at = rows.findIndex((it) => it.text.includes(number));
    assert.ok(at >= 0, 'the county has the case');
    assert.match(rows[at].text, /红/);
    const before = rows.slice(0, at).filter((it) => !it.late && !it.text.includes('红'));
    assert.deepEqual(before, [], 'nothing less urgent stands before it');
    await shot(page, 'call-county-queue');
    await page.goto('/desk?flow=appeal&own=1&grade=red&light=green');
    const first = await page.locator('main tbody tr').evaluateAll((all) => all.map((it) => it.innerText));
    assert.ok(first.some((it) => it.includes(number)), 'among the red ones that are in time');
    await page.context().close();
  }
});

/** Does what leads to another page, which must be a good one. */
async function asked(page, act) {
  assert.equal((await arrive(page, act)).status(), 200);
}
