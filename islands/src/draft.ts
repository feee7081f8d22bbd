// Drafts on staff pages: what was typed survives a reload, a refusal, a session that ended. Kept for
// this tab alone, at most half a day, for this account alone. Never on public pages, never a field
// marked secret, a password, a file or a hidden field.
//
// <body class="staff" data-draft-owner="7">    another owner's drafts are thrown away
// <form data-draft="case.26-123.report">       the key; unique for what the form is about
//   <div data-draft-notice hidden>…<button type="button" data-draft-discard>…</button></div>
//   <input data-secret>, <fieldset data-secret> never stored
//   <span data-draft-saved hidden>草稿已留在本页</span>   shown once something is kept
// <button data-draft-forget>                   throws every draft away: for logging out
// <p data-draft-done>                          on the page after success: the form sent last is done; or
//                                              with the keys that are

import { differing, done, read } from './lib/draft';
import { first } from './lib/first';

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const PREFIX = 'draft:';
const OWNER = 'draft-owner';
const SENT = 'draft-sent';
const PAUSE_MS = 400;
const NEVER = ['button', 'file', 'hidden', 'image', 'password', 'reset', 'submit'];

/** The fields that may be kept, by a slot that is the same after the page is loaded again. */
function slots(form: HTMLFormElement): Map<string, Field> {
  const found = new Map<string, Field>();
  for (const field of Array.from(form.elements)) {
    const isField =
      field instanceof HTMLInputElement ||
      field instanceof HTMLSelectElement ||
      field instanceof HTMLTextAreaElement;
    if (!isField || !field.name || NEVER.includes(field.type) || field.closest('[data-secret]')) continue;
    let n = 0;
    while (found.has(`${field.name}#${n}`)) n += 1;
    found.set(`${field.name}#${n}`, field);
  }
  return found;
}

const isTick = (field: Field): field is HTMLInputElement => ['checkbox', 'radio'].includes(field.type);

function get(field: Field): string {
  if (isTick(field)) return field.checked ? '1' : '';
  if (!(field instanceof HTMLSelectElement)) return field.value;
  return JSON.stringify(Array.from(field.selectedOptions, (option) => option.value));
}

function set(field: Field, value: string): void {
  if (isTick(field)) field.checked = value === '1';
  else if (field instanceof HTMLSelectElement) {
    const chosen = JSON.parse(value) as string[];
    for (const option of Array.from(field.options)) option.selected = chosen.includes(option.value);
  } else field.value = value;
}

function shown(fields: Map<string, Field>): Record<string, string> {
  const values: Record<string, string> = {};
  fields.forEach((field, slot) => { values[slot] = get(field); });
  return values;
}

function fill(fields: Map<string, Field>, values: Readonly<Record<string, string>>, which: string[]): void {
  for (const slot of which) {
    const field = fields.get(slot);
    if (field) set(field, values[slot] ?? '');
  }
  // Scripts that follow the form, such as the call panel, hear of it once.
  const one = which.map((slot) => fields.get(slot)).find((field) => field);
  if (one) one.dispatchEvent(new Event('input', { bubbles: true }));
}

function keep(form: HTMLFormElement): void {
  const key = PREFIX + (form.dataset.draft ?? '');
  const fields = slots(form);
  const offered = shown(fields);
  const notice = form.querySelector<HTMLElement>('[data-draft-notice]');
  const saved = form.querySelector<HTMLElement>('[data-draft-saved]');
  let timer = 0;
  let changed = false;
  const save = () => {
    window.clearTimeout(timer);
    if (!changed) return;
    changed = false;
    try {
      sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), values: shown(slots(form)) }));
      if (saved) saved.hidden = false;
    } catch {
      // Full or switched off: then nothing is kept, and nothing says that it was.
      if (saved) saved.hidden = true;
    }
  };
  const draft = read(sessionStorage.getItem(key), Date.now());
  const which = draft ? differing(draft, offered) : [];
  if (draft && which.length > 0) {
    fill(fields, draft.values, which);
    if (notice) notice.hidden = false;
  }
  const later = () => {
    changed = true;
    window.clearTimeout(timer);
    timer = window.setTimeout(save, PAUSE_MS);
  };
  form.addEventListener('input', later);
  form.addEventListener('change', later);
  form.addEventListener('submit', () => {
    save();
    sessionStorage.setItem(SENT, form.dataset.draft ?? '');
  });
  window.addEventListener('pagehide', save);
  document.addEventListener('visibilitychange', save);
  form.querySelector('[data-draft-discard]')?.addEventListener('click', () => {
    fill(fields, offered, Object.keys(offered));
    window.clearTimeout(timer);
    changed = false;
    sessionStorage.removeItem(key);
    for (const it of [notice, saved]) if (it) it.hidden = true;
    fields.values().next().value?.focus();
  });
}

function forget(which: (key: string) => boolean): void {
  for (const stored of Object.keys(sessionStorage)) {
    if (stored.startsWith(PREFIX) && which(stored.slice(PREFIX.length))) sessionStorage.removeItem(stored);
  }
}

function start(): void {
  const owner = document.body.dataset.draftOwner ?? '';
  if (sessionStorage.getItem(OWNER) !== owner) forget(() => true);
  sessionStorage.setItem(OWNER, owner);
  const marks = Array.from(document.querySelectorAll<HTMLElement>('[data-draft-done]'));
  // Loaded again, or come back to, the page tells of a success that has been dealt with.
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (marks.length > 0 && (!entry || entry.type === 'navigate')) {
    const finished = done(marks.map((it) => it.dataset.draftDone ?? ''), sessionStorage.getItem(SENT) ?? '');
    forget((key) => finished.includes(key));
    sessionStorage.removeItem(SENT);
  }
  for (const form of Array.from(document.querySelectorAll<HTMLFormElement>('form[data-draft]'))) keep(form);
  for (const it of Array.from(document.querySelectorAll('[data-draft-forget]'))) {
    it.addEventListener('click', () => forget(() => true));
  }
}

try {
  if (document.body.classList.contains('staff') && first('draft')) start();
} catch {
  // A browser without storage: the page works as it did without this script.
}
