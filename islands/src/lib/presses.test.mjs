import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeWithin, twiceWithin } from './presses.ts';

test('two presses belong together within the gap, and only once', () => {
  const cases = [
    [[0], [false]],
    [[0, 1000], [false, true]],
    [[0, 1001], [false, false]],
    [[0, 1001, 1500], [false, false, true]],
    [[0, 100, 200], [false, true, false]],
    [[0, 100, 200, 300], [false, true, false, true]],
  ];
  for (const [presses, expected] of cases) {
    const twice = twiceWithin(1000);
    assert.deepEqual(presses.map((at) => twice(at)), expected, `${presses}`);
  }
});

test('two digits make a code, unless they come too late', () => {
  const cases = [
    [[['0', 0], ['2', 500]], ['', '02']],
    [[['0', 0], ['2', 1001], ['1', 1100]], ['', '', '21']],
    [[['1', 0], ['0', 10], ['3', 20], ['1', 30]], ['', '10', '', '31']],
  ];
  for (const [typed, expected] of cases) {
    const code = codeWithin(1000, 2);
    assert.deepEqual(typed.map(([digit, at]) => code(digit, at)), expected, JSON.stringify(typed));
  }
});
