// What people do at their desks: sign in, open a case, do one step, and read what became of it.
// Speaks of actions and fields by the codes of the workflow, as the forms do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desktop, login } from './browser.mjs';

const PASSWORD = 'xiaohe-demo';

/** Pages of staff by user name; everybody signs in once and stays. */
export class Staff {
  #pages = new Map();

  constructor(browser, app) {
    this.browser = browser;
    this.app = app;
  }

  /** The page of somebody who is signed in. */
  async page(username) {
    if (!this.#pages.has(username)) {
      const page = await desktop(this.browser, this.app);
      await login(page, { username, password: PASSWORD });
      this.#pages.set(username, page);
    }
    return this.#pages.get(username);
  }

  /** Opens a case and answers what its head says. */
  async read(username, number) {
    const page = await this.page(username);
    const answer = await page.goto(`/cases/${number}`);
    assert.equal(answer.status(), 200, `${username} opens ${number}`);
    return head(page);
  }

  /** Does one step to a case through its form, and answers what the head of the case says then. */
  async act(username, number, action, fields = {}) {
    const page = await this.page(username);
    await this.read(username, number);
    const answer = await submit(page, action, fields);
    assert.equal(answer.status(), 200, `${username} does ${action}: ${await complaint(page)}`);
    return new URL(page.url()).pathname === `/cases/${number}` ? head(page) : null;
  }
}

/** Steps that follow from each other: when one fails, the ones after it mean nothing. */
export function chain() {
  let broken = false;
  return (name, step) => test(name, async (context) => {
    if (broken) return context.skip('a step before it failed');
    broken = true;
    await step(context);
    broken = false;
  });
}

/** State and responsible unit as the case page shows them. */
export async function head(page) {
  return {
    state: (await page.locator('main > header .state').first().innerText()).trim(),
    unit: (await page.locator('main > header > p > b').first().innerText()).trim(),
  };
}

/** The actions that the case page offers, by code. */
export async function offered(page) {
  const forms = await page.locator('form[id^="do-"]').all();
  return Promise.all(forms.map(async (form) => (await form.getAttribute('id')).slice(3)));
}

/** Fills in the form of an action and sends it; answers the response that it led to. */
export async function submit(page, action, fields = {}) {
  const form = page.locator(`#do-${action}`);
  assert.equal(await form.count(), 1, `${action} is offered among ${await offered(page)}`);
  const fold = page.locator(`details:has(#do-${action})`);
  if ((await fold.count()) > 0 && (await fold.getAttribute('open')) === null) {
    await fold.locator('summary').click();
  }
  await fill(form, fields);
  return send(page, form.locator('.acts button').first());
}

/** Fills in fields by name, as a person would with each kind of field. */
export async function fill(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const inputs = form.locator(`[name="${name}"]`);
    const fold = form.locator(`details:not([open]):has([name="${name}"])`);
    if (await fold.count()) await fold.first().locator('summary').first().click();
    const kind = await inputs.first().evaluate((it) => it.type);
    if (kind === 'radio' || kind === 'checkbox') {
      await form.locator(`label:has([name="${name}"][value="${value}"])`).click();
    } else if (kind === 'file') {
      await inputs.setInputFiles(value);
    } else if (kind === 'select-one') {
      await inputs.selectOption(value);
    } else {
      await inputs.fill(value);
    }
  }
}

/** Presses a button and waits for the page that it leads to. */
export async function send(page, button) {
  return arrive(page, () => button.click());
}

/** Does what leads to another page, and waits until that page is there; answers its response. */
export async function arrive(page, act) {
  const isPage = (it) => it.request().isNavigationRequest() && ![302, 303].includes(it.status());
  const [answer] = await Promise.all([
    page.waitForResponse(isPage),
    page.waitForEvent('framenavigated'),
    act(),
  ]);
  await page.waitForLoadState();
  return answer;
}

/** What a page that did not go on complains about. */
export async function complaint(page) {
  const box = page.locator('.error-summary, .notice-danger, main');
  return (await box.first().innerText()).trim().slice(0, 300);
}
