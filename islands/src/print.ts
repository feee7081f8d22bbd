// Print buttons, born hidden because they need a script.
//
// <button type="button" class="btn" data-print hidden>打印</button>

import { first } from './lib/first';

if (first('print')) {
  for (const button of Array.from(document.querySelectorAll<HTMLButtonElement>('[data-print]'))) {
    button.hidden = false;
    button.addEventListener('click', () => window.print());
  }
}
