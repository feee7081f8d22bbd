import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTyping, matches, types } from './keys.ts';

const stroke = (key, held = '', code = '') => ({
  key,
  code,
  ctrlKey: held.includes('c'),
  altKey: held.includes('a'),
  shiftKey: held.includes('s'),
  metaKey: held.includes('m'),
});

test('a key is matched with exactly its modifiers', () => {
  const cases = [
    ['j', stroke('j'), true],
    ['j', stroke('J'), true],
    ['J', stroke('j'), true],
    ['j', stroke('J', 's'), false],
    ['j', stroke('j', 'c'), false],
    ['j', stroke('j', 'm'), false],
    ['1', stroke('1'), true],
    ['1', stroke('!', 's'), false],
    ['?', stroke('?', 's'), true],
    ['?', stroke('？', 's'), true],
    ['/', stroke('/'), true],
    ['/', stroke('／'), true],
    ['F9', stroke('F9'), true],
    ['F9', stroke('F9', 'c'), false],
    ['Alt+R', stroke('r', 'a'), true],
    ['Alt+R', stroke('®', 'a', 'KeyR'), true],
    ['Alt+R', stroke('r'), false],
    ['Ctrl+Enter', stroke('Enter', 'c'), true],
    ['Ctrl+Enter', stroke('Enter'), false],
    ['', stroke(''), false],
  ];
  for (const [name, pressed, expected] of cases) {
    assert.equal(matches(name, pressed), expected, `${name} ${JSON.stringify(pressed)}`);
  }
});

test('plain keys type, others do not', () => {
  const cases = { n: true, 1: true, '?': true, F9: false, 'Alt+R': false, 'Ctrl+Enter': false };
  for (const [name, expected] of Object.entries(cases)) assert.equal(types(name), expected, name);
});

test('keys at a field are meant for the field', () => {
  const cases = [
    [null, false],
    [{}, false],
    [{ tagName: 'TEXTAREA' }, true],
    [{ tagName: 'SELECT' }, true],
    [{ tagName: 'INPUT', type: 'text' }, true],
    [{ tagName: 'INPUT', type: 'search' }, true],
    [{ tagName: 'INPUT', type: 'date' }, true],
    [{ tagName: 'INPUT', type: 'checkbox' }, false],
    [{ tagName: 'INPUT', type: 'radio' }, false],
    [{ tagName: 'BUTTON', type: 'submit' }, false],
    [{ tagName: 'DIV', isContentEditable: true }, true],
    [{ tagName: 'A' }, false],
  ];
  for (const [target, expected] of cases) {
    assert.equal(isTyping(target), expected, JSON.stringify(target));
  }
});
