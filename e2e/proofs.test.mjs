// How staff prove who they are beside password and code: by the city's identity provider, a real one
// on another site, and by a passkey in the browser's own virtual authenticator.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort, startApp } from './lib/app.mjs';
import * as look from './lib/browser.mjs';
import { CLIENT, SECRET, proveThere, startProvider } from './lib/provider.mjs';

const PASSWORD = 'xiaohe-demo';
const BINDS = 'handler@wf-370102';
/** Need not have a second factor. */
const KEEPS = 'operator@hotline-3701';
/** Must have one, in earnest. */
const NEEDS = 'reviewer@wf-370102';
const ANOTHER = 'handler@wf-370103';
const NAME = '统一身份认证';

describe('proofs', () => {
  let app;
  let site;
  let provider;
  let browser;
  let ports;

  before(async () => {
    ports = { site: await freePort(), provider: await freePort() };
    site = { origin: `http://localhost:${ports.site}` };
    const back = `${site.origin}/login/provider/back`;
    const left = `${site.origin}/login`;
    provider = await startProvider({ port: ports.provider, back, left });
    const config = [
      '[provider]',
      `name = "${NAME}"`,
      'name_en = "City identity"',
      `issuer = "${provider.issuer}"`,
      `client_id = "${CLIENT}"`,
    ].join('\n');
    // What the provider says holds for minutes, by its own clock.
    const env = { XIAOHE_PROVIDER_SECRET: SECRET };
    app = await startApp({ port: ports.site, config, env, asOf: null });
    browser = await look.openBrowser();
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
    await provider?.stop();
  });

  const path = (page) => new URL(page.url()).pathname;
  const setOut = (page) => page.locator('form[action="/login/provider"] button').click();
  const logOut = async (page) => {
    await page.goto('/me');
    await page.locator('form[action="/logout"] button').click();
    // Whoever is bound to the provider is shown the way out of it first.
    await page.waitForURL(/\/(login|logout)$/);
    if (path(page) === '/logout') await page.locator('main a[href="/login"]').click();
    await page.waitForURL('**/login');
  };

  /** Opens a fold on the page, gives the password in it and sends it. */
  async function confirm(page, action) {
    const form = page.locator(`form[action="${action}"]`);
    await form.locator('xpath=ancestor::details[1]/summary').click();
    await form.locator('input[type="password"]').fill(PASSWORD);
    await form.locator('button').click();
  }

  /** Looks at a page as every page is looked at, and keeps a picture on both sizes. */
  async function sound(page, name) {
    const before = page.viewportSize();
    for (const size of [{ width: 390, height: 844 }, { width: 1280, height: 800 }]) {
      await page.setViewportSize(size);
      assert.deepEqual(await look.axe(page), [], name);
      assert.ok(await look.fitsAcross(page), `${name} ${size.width}: ${await look.tooWide(page)}`);
      await look.shot(page, name);
    }
    await page.setViewportSize(before);
  }

  test('an identity is bound, comes in, and is unbound again', async () => {
    const page = await look.desktop(browser, site);
    const heard = look.complaints(page, site.origin);
    await look.login(page, { username: BINDS, password: PASSWORD });
    await page.goto('/me');
    await confirm(page, '/me/provider');
    await proveThere(page, 'lin');
    await page.waitForURL('**/me?done=bound');
    assert.ok(await page.getByText('已绑定。').isVisible());
    await page.locator('section[aria-labelledby="h-provider"]').scrollIntoViewIfNeeded();
    await sound(page, 'me-bound');
    await logOut(page);
    await sound(page, 'login-provider');
    await setOut(page);
    // Who proved it a moment ago is not asked again.
    await page.waitForURL('**/desk');
    assert.match(await page.locator('header').innerText(), /历下区妇联/);
    assert.deepEqual(heard, []);
    const cookies = await page.context().cookies(site.origin);
    const staff = cookies.find((it) => it.name === 'staff');
    assert.ok(staff.httpOnly && staff.sameSite === 'Strict');
    assert.ok(!cookies.some((it) => it.name === 'journey' && it.value !== ''));

    await page.goto('/me');
    await confirm(page, '/me/provider/unbind');
    await page.waitForURL('**/me?done=unbound');
    await logOut(page);
    await setOut(page);
    await page.getByText('还没有绑定本站的账号').waitFor();
    assert.equal(path(page), '/login/provider/back');
    await sound(page, 'login-unbound');
    await page.context().close();
  });

  test('who logs out at the provider too must prove it again there', async () => {
    const page = await look.desktop(browser, site);
    await look.login(page, { username: BINDS, password: PASSWORD });
    await page.goto('/me');
    await confirm(page, '/me/provider');
    await proveThere(page, 'lin');
    await page.waitForURL('**/me?done=bound');
    await page.locator('form[action="/logout"] button').click();
    await page.waitForURL('**/logout');
    await sound(page, 'left-here');
    await page.locator('main a.btn-main').click();
    await page.waitForURL(/127\.0\.0\.1:\d+\/session\/end/);
    await page.locator('button[name="logout"]').click();
    await page.waitForURL(`${site.origin}/login`);
    await setOut(page);
    // Not let in by one click any more: the provider asks who it is.
    await page.waitForURL(/127\.0\.0\.1:\d+\/interaction\//);
    await proveThere(page, 'lin');
    await page.waitForURL('**/desk');
    await page.goto('/me');
    await confirm(page, '/me/provider/unbind');
    await page.waitForURL('**/me?done=unbound');
    await page.context().close();
  });

  test('everything but the passkey works without JavaScript', async () => {
    const page = await look.phone(browser, site, { javaScriptEnabled: false });
    await look.login(page, { username: ANOTHER, password: PASSWORD });
    await page.goto('/me');
    await confirm(page, '/me/provider');
    await proveThere(page, 'wang');
    await page.waitForURL('**/me?done=bound');
    await logOut(page);
    await setOut(page);
    await page.waitForURL('**/desk');
    // One identity is one account's.
    await page.context().clearCookies({ name: 'staff' });
    await look.login(page, { username: 'leader@wf-3701', password: PASSWORD });
    await page.goto('/me');
    await confirm(page, '/me/provider');
    await page.getByText('这个身份已经绑定了别的账号').waitFor();
    await page.context().close();
  });

  test('whoever cancels there is told so', async () => {
    const page = await look.desktop(browser, site);
    await page.goto('/login');
    await setOut(page);
    await page.waitForURL(/interaction/);
    await page.getByText('Cancel').click();
    await page.getByText(`您在${NAME}取消了登录。`).waitFor();
    await page.context().close();
  });

  test('what somebody brings back counts once, and in their own browser alone', async () => {
    const page = await look.desktop(browser, site);
    await page.goto('/login');
    await setOut(page);
    const asked = page.waitForRequest(/\/login\/provider\/back\?/);
    await proveThere(page, 'wang');
    const back = (await asked).url();
    await page.waitForURL('**/desk');
    const other = await look.desktop(browser, site);
    for (const one of [page, other]) {
      const answer = await one.goto(back);
      assert.equal(answer.status(), 422);
      assert.match(await one.locator('main').innerText(), /已经过期，或者不是从这个浏览器开始/);
    }
    await other.goto('/desk');
    assert.equal(path(other), '/login');
    await page.context().close();
    await other.context().close();
  });

  test('a passkey is made, shown at the log-in, and removed', async () => {
    const page = await look.desktop(browser, site);
    const heard = look.complaints(page);
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options });
    await look.login(page, { username: KEEPS, password: PASSWORD });
    await page.goto('/me');
    await confirm(page, '/me/passkeys');
    await page.getByRole('button', { name: '创建通行密钥' }).waitFor();
    await sound(page, 'passkey-new');
    await page.locator('#passkey-name').fill('单位电脑');
    await page.getByRole('button', { name: '创建通行密钥' }).click();
    await page.getByText('恢复码').first().waitFor();
    const codes = await page.locator('ul.secret li').allInnerTexts();
    assert.equal(codes.length, 8);
    await page.goto('/me');
    assert.ok(await page.getByText('单位电脑').first().isVisible());
    await sound(page, 'me-passkey');
    const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
    assert.equal(credentials.length, 1);
    assert.equal(credentials[0].rpId, 'localhost');

    await confirm(page, '/me/passkeys');
    await page.getByRole('button', { name: '创建通行密钥' }).click();
    await page.getByText('这台设备上已有本账号的通行密钥').waitFor();

    await logOut(page);
    await look.login(page, { username: KEEPS, password: PASSWORD });
    assert.equal(path(page), '/login/code');
    await sound(page, 'login-passkey');
    await page.getByRole('button', { name: '使用通行密钥' }).click();
    await page.waitForURL('**/desk');

    // Somebody who is not verified by the device does not come in.
    await logOut(page);
    await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await look.login(page, { username: KEEPS, password: PASSWORD });
    await page.getByRole('button', { name: '使用通行密钥' }).click();
    await page.getByText('没有读到通行密钥').waitFor();
    assert.equal(path(page), '/login/code');
    await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await page.getByRole('button', { name: '使用通行密钥' }).click();
    await page.waitForURL('**/desk');

    await page.goto('/me');
    await confirm(page, '/me/passkeys/remove');
    await page.waitForURL('**/me?done=no_passkey');
    await logOut(page);
    await look.login(page, { username: KEEPS, password: PASSWORD });
    assert.equal(path(page), '/desk', 'no second factor is left to ask for');
    assert.deepEqual(heard, []);
    await page.context().close();
  });

  test('the last second factor of a role that needs one stays', async () => {
    const page = await look.desktop(browser, site);
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'usb',
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    await session.send('WebAuthn.addVirtualAuthenticator', { options });
    await look.login(page, { username: NEEDS, password: PASSWORD });
    await page.goto('/me');
    await confirm(page, '/me/passkeys');
    await page.getByRole('button', { name: '创建通行密钥' }).click();
    await page.getByText('恢复码').first().waitFor();
    await page.goto('/me');
    await confirm(page, '/me/passkeys/remove');
    await page.getByText('这是最后一种第二重验证').waitFor();
    await page.context().close();
  });

  test('without JavaScript, and under the number of the machine, the code is offered', async () => {
    const who = { username: 'visitor@hotline-3701', password: PASSWORD };
    const page = await look.desktop(browser, site);
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'usb',
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    await session.send('WebAuthn.addVirtualAuthenticator', { options });
    await look.login(page, who);
    await page.goto('/me');
    await confirm(page, '/me/passkeys');
    await page.getByRole('button', { name: '创建通行密钥' }).click();
    const code = await page.locator('ul.secret li').first().innerText();
    await page.context().close();
    for (const [origin, options] of [[site, { javaScriptEnabled: false }], [app, {}]]) {
      const other = await look.phone(browser, origin, options);
      await look.login(other, who);
      assert.equal(path(other), '/login/code');
      assert.ok(await other.getByText('通行密钥须在支持它的浏览器中打开 JavaScript').isVisible());
      assert.ok(!(await other.getByText('使用通行密钥').isVisible()));
      assert.ok(await other.locator('input[name="code"]').isVisible());
      if (options.javaScriptEnabled === false) {
        await look.shot(other, 'login-passkey-plain');
        await other.locator('input[name="code"]').fill(code);
        await other.locator('form[action="/login/code"] button').click();
        await other.waitForURL('**/desk');
      }
      await other.context().close();
    }
  });

  test('in earnest, a role that needs a second factor sets one up before anything else', async () => {
    const port = await freePort();
    const earnest = { origin: `http://localhost:${port}` };
    const who = { username: 'wei', password: '荷花池边有一只白鹭飞' };
    const app = await startApp({
      port,
      config: `address = "${earnest.origin}"\n`,
      staff: [{ ...who, name: '魏某', unit: 'wf-370102', role: 'reviewer' }],
    });
    try {
      const page = await look.desktop(browser, earnest);
      const heard = look.complaints(page);
      const session = await page.context().newCDPSession(page);
      await session.send('WebAuthn.enable');
      const options = {
        protocol: 'ctap2',
        transport: 'usb',
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      };
      await session.send('WebAuthn.addVirtualAuthenticator', { options });
      await look.login(page, who);
      assert.equal(path(page), '/login/factor');
      await sound(page, 'factor-needed');
      await page.getByRole('button', { name: '创建通行密钥' }).click();
      await page.getByText('恢复码').first().waitFor();
      await sound(page, 'factor-codes');
      await page.goto('/desk');
      // Whoever is new promises confidentiality before anything is shown.
      assert.equal(path(page), '/login/pledge');
      await page.locator('input[name="agree"]').check();
      await page.locator('form[action="/login/pledge"] button').click();
      await page.waitForURL('**/desk');
      await page.goto('/me');
      await page.locator('form[action="/me/lock"] button').click();
      await page.waitForURL('**/login/unlock**');
      // The passkey opens the locked page; nothing is typed.
      await sound(page, 'unlock-passkey');
      await page.getByRole('button', { name: '使用通行密钥' }).click();
      await page.waitForURL('**/desk', { waitUntil: 'networkidle' });
      await page.goto('/me');
      await page.locator('form[action="/me/lock"] button').click();
      await page.waitForURL('**/login/unlock**');
      await page.context().clearCookies();
      await look.login(page, who);
      await page.getByRole('button', { name: '使用通行密钥' }).click();
      await page.waitForURL('**/desk');
      assert.deepEqual(heard, []);
      await page.context().close();
    } finally {
      await app.stop();
    }
  });

  test('while the provider is away, the page says so and the password works', async () => {
    await provider.stop();
    const page = await look.desktop(browser, site);
    // What the provider said of itself is still known, so the browser finds out; a page cannot help
    // that. Whoever comes back with a code that nobody answers for is told.
    await page.goto('/login');
    await look.login(page, { username: BINDS, password: PASSWORD });
    assert.equal(path(page), '/desk');
    await page.context().close();
    const fresh = await startApp({
      config: [
        `address = "http://localhost:1"`,
        '[provider]',
        `name = "${NAME}"`,
        `issuer = "${provider.issuer}"`,
        `client_id = "${CLIENT}"`,
      ].join('\n'),
      env: { XIAOHE_PROVIDER_SECRET: SECRET },
    });
    try {
      const page = await look.desktop(browser, fresh);
      await page.goto('/login');
      const [answer] = await Promise.all([
        page.waitForResponse((it) => it.url().endsWith('/login/provider')),
        setOut(page),
      ]);
      assert.equal(answer.status(), 503);
      await page.getByText(`${NAME}现在没有回应。请用口令登录`).waitFor();
      await sound(page, 'login-away');
      await look.login(page, { username: BINDS, password: PASSWORD });
      assert.equal(path(page), '/desk');
      await page.context().close();
    } finally {
      await fresh.stop();
    }
  });
});
