// Opens pages in the Chromium of the machine, as a phone or as a desk, and looks at them: pictures,
// accessibility, console, bytes over the wire. Never reaches beyond the address it is given.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT } from './app.mjs';

const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever a page asks for, nothing leaves this machine.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** Where the pictures land. */
export const SHOTS = join(ROOT, 'e2e', 'shots');

const DEVICES = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};

/** The levels that the pages promise: WCAG 2.2 AA with everything below it. */
const LEVELS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export async function openBrowser() {
  return chromium.launch({ executablePath: PROGRAM, headless: true, args: FLAGS });
}

/**
 * A fresh visitor with no cookies and an empty cache.
 *
 * `device` is phone or desktop; `javaScriptEnabled: false` shows the page that must work anyway.
 */
export async function openPage(browser, app, { device = 'desktop', ...options } = {}) {
  const context = await browser.newContext({
    baseURL: app.origin,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    reducedMotion: 'reduce',
    ...DEVICES[device],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  return page;
}

export async function phone(browser, app, options = {}) {
  return openPage(browser, app, { ...options, device: 'phone' });
}

export async function desktop(browser, app, options = {}) {
  return openPage(browser, app, { ...options, device: 'desktop' });
}

/**
 * Collects what a page complains about from now on: console errors, uncaught errors, and what
 * could not be loaded. The list stays live. With an `origin`, only what comes from there counts: the
 * pages of another site are not ours to mend.
 */
export function complaints(page, origin = '') {
  const heard = [];
  const hear = (url, words) => {
    if (url.startsWith(origin)) heard.push(words);
  };
  page.on('console', (message) => {
    const loud = ['error', 'warning'].includes(message.type());
    if (loud) hear(message.location().url, `console: ${message.text()}`);
  });
  page.on('pageerror', (error) => hear(page.url(), `uncaught: ${error.message}`));
  page.on('requestfailed', (request) => {
    // What is still on its way when a page is left is no fault of any page.
    if (request.failure()?.errorText === 'net::ERR_ABORTED') return;
    hear(request.url(), `failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    const url = response.url();
    if (response.status() >= 400) hear(url, `status ${response.status()}: ${url}`);
  });
  return heard;
}

/** Bytes that come over the wire for all of a page's resources, headers with them. */
export async function countBytes(page) {
  const session = await page.context().newCDPSession(page);
  const weight = { bytes: 0, resources: 0 };
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    weight.bytes += encodedDataLength;
    weight.resources += 1;
  });
  await session.send('Network.enable');
  return weight;
}

/**
 * Saves what a screen of this size shows, as it stands in the documentation.
 *
 * `path` is from the repository root. The time of the machine is not part of the picture's name,
 * so that a new one takes the place of the old one.
 */
export async function still(page, path) {
  await mkdir(join(ROOT, path, '..'), { recursive: true });
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(ROOT, path), animations: 'disabled' });
  return path;
}

/** Saves a picture of the whole page as `e2e/shots/<name>-<phone|desktop>.png`. */
export async function shot(page, name) {
  await mkdir(SHOTS, { recursive: true });
  const device = page.viewportSize().width < 600 ? 'phone' : 'desktop';
  const path = join(SHOTS, `${name}-${device}.png`);
  await page.screenshot({ path, fullPage: true, animations: 'disabled' });
  return path;
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe-core finds wrong on the page, one readable line a place; empty when clean.
 *
 * Injected past the page's own policy, so that the policy need not be weakened for it. Needs a
 * page whose JavaScript is on.
 */
export async function axe(page) {
  await page.evaluate(await axeSource);
  const { violations } = await page.evaluate(
    (levels) => window.axe.run(document, { runOnly: { type: 'tag', values: levels } }),
    LEVELS,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')}: ${node.failureSummary}`),
  );
}

/** Signs in through the form as a person would; fails if the form is shown again. */
export async function login(page, { username, password }) {
  await page.goto('/login');
  // A demonstration offers its accounts beside the form that people type into.
  const form = page.locator('form:has(input[name="password"][type="password"])');
  await form.locator('input[name="username"]').fill(username);
  await form.locator('input[name="password"]').fill(password);
  await Promise.all([
    page.waitForEvent('framenavigated'),
    form.locator('button, [type="submit"]').first().click(),
  ]);
  await page.waitForLoadState();
  if (new URL(page.url()).pathname === '/login') {
    throw new Error(`${username} was not let in: ${await page.locator('main, body').first().innerText()}`);
  }
}

/** Whether the page can be read without scrolling sideways. */
export async function fitsAcross(page) {
  return page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
}

/** What sticks out of a page to the right, innermost elements only, for whoever has to mend it. */
export async function tooWide(page) {
  return page.evaluate(() => {
    const out = [...document.querySelectorAll('body *')].filter(
      (it) => it.getBoundingClientRect().right > window.innerWidth + 1,
    );
    const inner = out.filter((it) => !out.some((other) => other !== it && it.contains(other)));
    const names = inner.map((it) => `${it.tagName.toLowerCase()}.${it.className}`);
    return [...new Set(names)].slice(0, 5).join(', ');
  });
}
