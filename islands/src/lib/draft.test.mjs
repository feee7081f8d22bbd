import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_MS, differing, done, read } from './draft.ts';

test('only a whole and recent draft is read', () => {
  const good = { at: 1000, values: { note: 'x' } };
  const cases = [
    [JSON.stringify(good), 1000, good],
    [JSON.stringify(good), 1000 + MOST_MS, good],
    [JSON.stringify(good), 1001 + MOST_MS, undefined],
    [null, 0, undefined],
    ['', 0, undefined],
    ['{', 0, undefined],
    ['null', 0, undefined],
    ['[]', 0, undefined],
    ['{"at":1}', 1, undefined],
    ['{"at":1,"values":{"a":2}}', 1, undefined],
    ['{"at":"1","values":{}}', 1, undefined],
  ];
  for (const [text, now, expected] of cases) assert.deepEqual(read(text, now), expected, `${text}`);
});

test('a draft differs where the page shows something else', () => {
  const draft = { at: 0, values: { a: '1', b: '2', gone: '3' } };
  assert.deepEqual(differing(draft, { a: '1', b: '' }), ['b']);
  assert.deepEqual(differing(draft, { a: '1', b: '2' }), []);
});

test('drafts are done by name, or as the one that was sent last', () => {
  const cases = [
    [[], 'sent', []],
    [[''], 'sent', ['sent']],
    [[''], '', []],
    [['a b', 'c'], 'sent', ['a', 'b', 'c']],
    [['a', ''], 'sent', ['a', 'sent']],
  ];
  for (const [marks, sent, expected] of cases) assert.deepEqual(done(marks, sent), expected, `${marks}`);
});
