// A pair of hands on a keyboard, no mouse: goes from field to field as a person would, and counts.

import assert from 'node:assert/strict';

const FAR = 120;

export class Keys {
  /** Keys pressed, characters typed (an input method needs two or three keys for each), fields. */
  pressed = 0;
  typed = 0;
  fields = 0;

  constructor(page) {
    this.page = page;
  }

  async press(key) {
    this.pressed += 1;
    await this.page.keyboard.press(key);
  }

  async type(text) {
    this.typed += [...text].length;
    await this.page.keyboard.type(text);
  }

  /** Goes on with Tab until the focus stands on what is wanted; it must be reachable, and seen. */
  async to(selector) {
    this.fields += 1;
    for (let way = 0; way < FAR; way += 1) {
      await this.press('Tab');
      const here = await this.page.locator(':focus').evaluateAll(
        (all, wanted) => all.some((it) => it.matches(wanted)),
        selector,
      );
      if (here) return;
    }
    assert.fail(`${selector} is not reached with ${FAR} tabs`);
  }
}
