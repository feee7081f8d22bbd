// The call screen: what the program knows of the call follows what is typed, and two digits choose the
// category. The form works without this by its own button. Keys such as F9 are the `desk` island's.
//
// <form data-check="/call/check">     its fields are posted there 300 ms after the last change
// <div data-panel>                    the HTML fragment that comes back takes the place of its content
// <p data-check-failed hidden>…</p>   shown while the panel may be out of date
// <fieldset data-digits="group">      two digits choose the radio `group` of that value

import { first } from './lib/first';
import { isTyping } from './lib/keys';
import { codeWithin } from './lib/presses';

const PAUSE_MS = 300;
const GAP_MS = 1000;

/** Everything the form would send, except files: a question needs none. */
function fields(form: HTMLFormElement): URLSearchParams {
  const sent = new URLSearchParams();
  new FormData(form).forEach((value, name) => {
    if (typeof value === 'string') sent.append(name, value);
  });
  return sent;
}

/** Shows the fragment; the focus stays where it stood, if that is still there. */
function show(panel: HTMLElement, html: string): void {
  const active = document.activeElement;
  const stood = active && panel.contains(active) ? (active.getAttribute('id') ?? active.textContent) : null;
  panel.innerHTML = html;
  if (stood === null) return;
  const places = Array.from(panel.querySelectorAll<HTMLElement>('a[href], button, input, summary'));
  const again = places.find((it) => (it.getAttribute('id') ?? it.textContent) === stood);
  if (again) again.focus();
}

/** Asks the server; answers nothing when it has no fragment to give, for instance after the session ended. */
async function ask(form: HTMLFormElement, signal: AbortSignal): Promise<string | undefined> {
  const answer = await fetch(form.dataset.check ?? '', {
    method: 'POST',
    body: fields(form),
    credentials: 'same-origin',
    headers: { Accept: 'text/html' },
    // The way to the log-in page is no fragment.
    redirect: 'manual',
    signal,
  });
  const isHtml = (answer.headers.get('content-type') ?? '').startsWith('text/html');
  return answer.ok && isHtml ? answer.text() : undefined;
}

function follow(form: HTMLFormElement, panel: HTMLElement): void {
  const failed = document.querySelector<HTMLElement>('[data-check-failed]');
  let timer = 0;
  let running: AbortController | undefined;
  let before = '';
  const check = async () => {
    running?.abort();
    const own = (running = new AbortController());
    panel.setAttribute('aria-busy', 'true');
    const html = await ask(form, own.signal).catch(() => undefined);
    // A question that was overtaken by the next one has nothing to say any more.
    if (running !== own || own.signal.aborted) return;
    panel.removeAttribute('aria-busy');
    // A panel that would not change stays, so that nothing is read out again.
    if (html !== undefined && html !== before) show(panel, (before = html));
    if (failed) failed.hidden = html !== undefined;
  };
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void check(), PAUSE_MS);
  };
  if (!panel.hasAttribute('aria-live')) panel.setAttribute('aria-live', 'polite');
  form.addEventListener('input', later);
  form.addEventListener('change', later);
  form.addEventListener('submit', () => {
    window.clearTimeout(timer);
    running?.abort();
  });
}

function choose(form: HTMLFormElement, digits: HTMLElement): void {
  const code = codeWithin(GAP_MS, 2);
  // On the way down, so that the keyboard of the page does not take the digits for its own.
  document.addEventListener(
    'keydown',
    (event) => {
      const modified = event.ctrlKey || event.altKey || event.metaKey;
      if (modified || event.isComposing || isTyping(event.target) || !/^[0-9]$/.test(event.key)) return;
      if (document.querySelector('dialog[open]')) return;
      event.preventDefault();
      const typed = code(event.key, event.timeStamp);
      const radios = Array.from(form.querySelectorAll<HTMLInputElement>('input[type=radio]'));
      const radio = radios.find((it) => it.name === digits.dataset.digits && it.value === typed);
      if (!radio) return;
      radio.focus();
      // A click tells everybody who listens, as a hand would.
      radio.click();
    },
    true,
  );
}

function start(form: HTMLFormElement): void {
  const panel = document.querySelector<HTMLElement>('[data-panel]');
  if (panel) follow(form, panel);
  const digits = form.querySelector<HTMLElement>('[data-digits]');
  if (digits) choose(form, digits);
}

const form = document.querySelector<HTMLFormElement>('form[data-check]');
if (form && first('call')) start(form);
