// What residents do on their phones, without scripts: ask for help step by step, and follow what
// becomes of it with number and secret.

import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import { complaint, fill, send } from './desk.mjs';

/** Presses the button that leads on. */
export async function onward(page, value = 'next') {
  return send(page, page.locator(`main .acts button[name="go"][value="${value}"]`).last());
}

/** Fills in a step of asking for help and goes on; answers the response. */
export async function step(page, fields) {
  await fill(page.locator('main form'), fields);
  return onward(page);
}

/** Number and secret from the page that shows them once. */
export async function receipt(page) {
  const lines = await page.locator('.ticket .secret').allInnerTexts();
  const [number, secret] = lines.map((line) => line.replace(/\s/g, ''));
  return { number, secret };
}

/**
 * Asks for help in the shortest way that is accepted; answers number and secret.
 *
 * `look` is called on every page on the way, with its name and response.
 */
export async function askForHelp(page, asked, look = async () => {}) {
  const { category, county, summary, phone = null } = asked;
  const steps = [
    ['kind', { group: category.slice(0, 2) }],
    ['story', { category }],
    ['contact', { summary, county }],
    ['review', phone ? { anonymous: 'no', contact_phone: phone } : { anonymous: 'yes' }],
    ['receipt', { consent: 'yes' }],
  ];
  await look('group', await page.goto('/help'));
  for (const [next, fields] of steps) {
    const answer = await step(page, fields);
    assert.equal(answer.status(), 200, await complaint(page));
    await look(next, answer);
  }
  return receipt(page);
}

/** Looks a case up with number and secret; answers the response of the page that follows. */
export async function follow(page, { number, secret }) {
  await page.goto('/track');
  await fill(page.locator('main form'), { number, receipt: secret });
  return send(page, page.locator('main form .acts button'));
}

/** What the page of a case tells its resident. */
export async function told(page) {
  const events = await page.locator('#h-line + ol li:not(.now) b').allInnerTexts();
  return { heading: (await page.locator('h1').innerText()).trim(), events };
}

/** A small picture as a phone would send it, with a note about its origin inside. */
export function picture(side = 48) {
  const chunk = (kind, body) => {
    const whole = Buffer.concat([Buffer.from(kind, 'latin1'), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc(whole), 4);
    return Buffer.concat([frame.subarray(0, 4), whole, frame.subarray(4)]);
  };
  const head = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 2, 0, 0, 0]);
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(side * 3, 0x6b)]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const note = Buffer.from('Comment\0taken at home', 'latin1');
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('tEXt', note),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** CRC-32 as pictures want it; not every version of node brings it. */
function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
