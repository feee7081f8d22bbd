import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, bytes, question, text } from './passkey';

const buffer = (...all) => new Uint8Array(all).buffer;

test('bytes are written as both sides write them', () => {
  for (const [raw, written] of [
    [[], ''],
    [[0], 'AA'],
    [[251, 255, 254], '-__-'],
    [[1, 2, 3, 4], 'AQIDBA'],
  ]) {
    assert.equal(text(buffer(...raw)), written);
    assert.deepEqual([...bytes(written)], raw);
  }
});

test('a question has bytes where the browser wants them, and only there', () => {
  const asked = question(
    JSON.stringify({
      publicKey: {
        rp: { id: 'care.example', name: 'Care' },
        user: { id: 'AQI', name: 'lin' },
        challenge: 'AAEC',
        excludeCredentials: [{ type: 'public-key', id: 'BAUG' }],
        extensions: { credProps: true },
        timeout: 60000,
      },
    }),
  );
  assert.equal(asked.rp.id, 'care.example');
  assert.deepEqual([...asked.user.id], [1, 2]);
  assert.equal(asked.user.name, 'lin');
  assert.deepEqual([...asked.challenge], [0, 1, 2]);
  assert.deepEqual([...asked.excludeCredentials[0].id], [4, 5, 6]);
  assert.equal(asked.excludeCredentials[0].type, 'public-key');
  assert.deepEqual(asked.extensions, { credProps: true });
  assert.equal(asked.timeout, 60000);
});

test('an answer carries what it has', () => {
  const shown = {
    id: 'AQI',
    rawId: buffer(1, 2),
    type: 'public-key',
    response: { clientDataJSON: buffer(3), signature: buffer(4), userHandle: null },
    getClientExtensionResults: () => ({}),
  };
  assert.deepEqual(JSON.parse(answer(shown)), {
    id: 'AQI',
    rawId: 'AQI',
    type: 'public-key',
    response: { clientDataJSON: 'Aw', signature: 'BA' },
    extensions: {},
  });
});
