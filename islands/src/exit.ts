// Quick exit, on public pages: Esc twice, or the link. What is on the screen is gone at once, what was
// typed is cleared, and this page gives its place in the history to the neutral site, so that the back
// button does not return. It cannot remove the pages before this one from the browser's history; the
// sentence beside the link says so.
//
// <a href="/leave" data-exit>… <kbd hidden>Esc 两次</kbd></a>

import { first } from './lib/first';
import { twiceWithin } from './lib/presses';

const GAP_MS = 1000;
/** Set in this tab once somebody left, so that going back leaves again. Says nothing else. */
const LEFT = 'left';

function remember(): void {
  try {
    sessionStorage.clear();
    sessionStorage.setItem(LEFT, '1');
  } catch {
    // Without storage the page that was left is still replaced; only earlier ones can come back.
  }
}

/** Whether this page came up again by going back after somebody left. */
function cameBack(event: PageTransitionEvent): boolean {
  try {
    const left = sessionStorage.getItem(LEFT) === '1';
    const entry = performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming | undefined;
    if (left && (event.persisted || (entry && entry.type === 'back_forward'))) return true;
    sessionStorage.removeItem(LEFT);
  } catch {
    // As above.
  }
  return false;
}

function clearFields(): void {
  for (const field of Array.from(document.querySelectorAll('input, textarea, select'))) {
    if (field instanceof HTMLSelectElement) field.selectedIndex = -1;
    else if (field instanceof HTMLTextAreaElement) field.value = '';
    else if (field instanceof HTMLInputElement) {
      field.checked = false;
      field.value = '';
    }
  }
}

function leave(to: string): void {
  document.documentElement.hidden = true;
  clearFields();
  document.body.textContent = '';
  // An empty title would show the address in the tab; this one shows nothing.
  document.title = '\u200b';
  remember();
  location.replace(to);
}

function start(link: HTMLAnchorElement): void {
  const twice = twiceWithin(GAP_MS);
  const to = link.href;
  link.addEventListener('click', (event) => {
    event.preventDefault();
    leave(to);
  });
  // Caught on the way down, before anything on the page can keep it.
  window.addEventListener(
    'keydown',
    (event) => {
      // Esc while composing Chinese only ends the composition; a held key is one press.
      if (!['Escape', 'Esc'].includes(event.key) || event.isComposing || event.repeat) return;
      if (!twice(event.timeStamp)) return;
      // Else Esc would also stop the page that is about to load.
      event.preventDefault();
      leave(to);
    },
    true,
  );
  window.addEventListener('pageshow', (event) => {
    if (cameBack(event)) leave(to);
  });
  for (const hint of Array.from(link.querySelectorAll<HTMLElement>('kbd[hidden]'))) hint.hidden = false;
}

const link = document.querySelector<HTMLAnchorElement>('a[data-exit]');
if (link && first('exit')) start(link);
