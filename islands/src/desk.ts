// The keyboard of the staff pages. Plain keys never act while somebody types in a field, and can be
// switched off (WCAG 2.1.4); keys with Ctrl or Alt and function keys act everywhere.
//
// <body data-find="#find">                     `/` goes to this field
// <a href data-key="1">, <button data-key="F9"> the key presses the link or button
// <table data-rows>                            `j` `k` move, `x` picks, Enter opens
// <b data-picked="已选 {n} 件">先选几件</b>       says how many rows are picked
// <dialog data-keys hidden>…<dl>, [data-keys-open], [data-keys-close], [data-keys-off]   `?`

import { first } from './lib/first';
import { isTyping, matches, types } from './lib/keys';

const OFF = 'keys-off';
const all = <T extends HTMLElement>(selector: string) => Array.from(document.querySelectorAll<T>(selector));
const keyOf = (it: HTMLElement) => it.dataset.key ?? '';
/** Where digits choose something on the page, they lead nowhere else. */
const isTaken = (key: string) => /^\d$/.test(key) && !!document.querySelector('[data-digits]');
const keyed = () => all('[data-key]').filter((it) => it.getClientRects().length > 0 && !isTaken(keyOf(it)));
const rows = () => all<HTMLTableRowElement>('[data-rows] tbody tr');
const tick = (row: Element) => row.querySelector<HTMLInputElement>('input[type=checkbox]');

function isOff(): boolean {
  try {
    return localStorage.getItem(OFF) === '1';
  } catch {
    return false;
  }
}

function move(step: 1 | -1): boolean {
  const list = rows();
  const at = list.findIndex((row) => row.contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : at + step;
  const row = list[Math.max(0, Math.min(next, list.length - 1))];
  const link = row && row.querySelector<HTMLElement>('a[href]');
  if (link) link.focus();
  return !!link;
}

function pick(): boolean {
  const row = rows().find((it) => it.contains(document.activeElement));
  const box = row && tick(row);
  if (box) box.click();
  return !!box;
}

/** Enter at the tick of a row opens the row, instead of sending the form around the table. */
function open(event: KeyboardEvent): boolean {
  const row = rows().find((it) => it.contains(document.activeElement));
  const link = row && row.querySelector<HTMLElement>('a[href]');
  if (!link || !row || event.target !== tick(row)) return false;
  link.click();
  return true;
}

function find(): boolean {
  const field = document.querySelector<HTMLInputElement>(document.body.dataset.find || '[data-find]');
  if (!field) return false;
  field.focus();
  field.select();
  return true;
}

function help(): boolean {
  const dialog = document.querySelector<HTMLDialogElement>('dialog[data-keys]');
  const list = dialog && dialog.querySelector('dl');
  if (!dialog || !list) return false;
  for (const own of Array.from(list.querySelectorAll('[data-own]'))) own.remove();
  for (const it of keyed()) {
    const words = it.cloneNode(true) as HTMLElement;
    for (const hint of Array.from(words.querySelectorAll('kbd'))) hint.remove();
    const key = document.createElement('kbd');
    key.textContent = keyOf(it).toUpperCase();
    const name = list.appendChild(document.createElement('dt'));
    const text = list.appendChild(document.createElement('dd'));
    name.appendChild(key);
    text.textContent = it.getAttribute('aria-label') || (words.textContent ?? '').trim();
    for (const own of [name, text]) own.setAttribute('data-own', '');
  }
  dialog.hidden = false;
  if (dialog.showModal) dialog.showModal();
  return true;
}

const PLAIN: Readonly<Record<string, (event: KeyboardEvent) => boolean>> = {
  '/': find,
  '?': help,
  j: () => move(1),
  k: () => move(-1),
  x: pick,
  Enter: open,
};

function act(event: KeyboardEvent): boolean {
  const quiet = isOff() || isTyping(event.target);
  const button = keyed().find((it) => matches(keyOf(it), event) && !(quiet && types(keyOf(it))));
  if (button) {
    button.click();
    return true;
  }
  const name = quiet ? undefined : Object.keys(PLAIN).find((key) => matches(key, event));
  return name !== undefined && PLAIN[name]!(event);
}

function showPicked(): void {
  const list = rows();
  for (const row of list) row.classList.toggle('picked', !!tick(row)?.checked);
  const n = list.filter((row) => tick(row)?.checked).length;
  for (const it of all('[data-picked]')) {
    it.dataset.none ??= it.textContent ?? '';
    it.textContent = n ? (it.dataset.picked ?? '').replace('{n}', String(n)) : it.dataset.none;
  }
}

function start(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
    if (act(event)) event.preventDefault();
  });
  for (const it of keyed()) it.setAttribute('aria-keyshortcuts', keyOf(it).replace('Ctrl', 'Control'));
  const hints = all('kbd[hidden]').filter((it) => !isTaken(it.closest<HTMLElement>('[data-key]')?.dataset.key ?? ''));
  for (const hint of hints) hint.hidden = isOff();
  const dialog = document.querySelector<HTMLDialogElement>('dialog[data-keys]');
  // Hidden besides closed: a browser that knows no dialog would show it all the time.
  dialog?.addEventListener('close', () => { dialog.hidden = true; });
  for (const it of all('[data-keys-close]')) {
    it.addEventListener('click', () => { if (dialog) dialog.close ? dialog.close() : (dialog.hidden = true); });
  }
  for (const it of all('[data-keys-open]')) {
    it.hidden = false;
    it.addEventListener('click', help);
  }
  for (const box of all<HTMLInputElement>('[data-keys-off]')) {
    box.checked = isOff();
    box.addEventListener('change', () => {
      if (box.checked) localStorage.setItem(OFF, '1');
      else localStorage.removeItem(OFF);
      for (const hint of hints) hint.hidden = box.checked;
    });
  }
  document.addEventListener('change', showPicked);
  window.addEventListener('pageshow', showPicked);
  showPicked();
}

if (first('desk')) start();
