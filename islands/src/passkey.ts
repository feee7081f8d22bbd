// Asks the browser for a passkey, or for a new one, and sends what it says with the form. A page
// without this says that a passkey needs it, and offers the code.
//
// <form data-passkey="get|create" data-domain="care.example" data-options="{…}">
//   <p data-passkey-without>…</p> <div data-passkey-trouble="other|known" hidden>…</div>
//   <input name="answer"> <button type="button" data-passkey-go hidden>…</button>

import { first } from './lib/first';
import { answer, question } from './lib/passkey';

/** Browsers ask only on the site that a passkey is bound to. */
function possible(domain: string): boolean {
  return location.hostname === domain && window.isSecureContext && 'PublicKeyCredential' in window;
}

function start(form: HTMLFormElement): void {
  const { passkey, domain, options } = form.dataset;
  if (!domain || !options || !possible(domain)) return;
  const go = form.querySelector<HTMLButtonElement>('[data-passkey-go]');
  const field = form.elements.namedItem('answer');
  if (!go || !(field instanceof HTMLInputElement)) return;
  const say = (which: string): void => {
    for (const note of Array.from(form.querySelectorAll<HTMLElement>('[data-passkey-trouble]'))) {
      note.hidden = note.dataset.passkeyTrouble !== which;
    }
  };
  const ask = async (): Promise<void> => {
    go.disabled = true;
    say('');
    try {
      const asked = { publicKey: question(options) };
      const shown =
        passkey === 'create'
          ? await navigator.credentials.create(asked)
          : await navigator.credentials.get(asked);
      field.value = answer(shown as any);
      form.submit();
    } catch (trouble) {
      const known = passkey === 'create' && (trouble as Error).name === 'InvalidStateError';
      say(known ? 'known' : 'other');
      go.disabled = false;
    }
  };
  go.addEventListener('click', () => void ask());
  // Enter in the field for the name does what the button does.
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!go.disabled) void ask();
  });
  for (const note of Array.from(form.querySelectorAll<HTMLElement>('[data-passkey-without]'))) {
    note.hidden = true;
  }
  go.hidden = false;
}

const form = document.querySelector<HTMLFormElement>('form[data-passkey]');
if (form && first('passkey')) start(form);
