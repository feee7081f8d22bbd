/**
 * Tells whether a press comes at most `gapMs` after the one before. Two presses that belong
 * together are used up: the third begins anew.
 */
export function twiceWithin(gapMs: number): (atMs: number) => boolean {
  let last = -Infinity;
  return (atMs) => {
    const together = atMs - last <= gapMs;
    last = together ? -Infinity : atMs;
    return together;
  };
}

/**
 * Gathers digits typed at most `gapMs` apart into a code of `length`; answers the code when it is
 * whole, and nothing before.
 */
export function codeWithin(gapMs: number, length: number): (digit: string, atMs: number) => string {
  let typed = '';
  let last = -Infinity;
  return (digit, atMs) => {
    typed = atMs - last <= gapMs ? typed + digit : digit;
    last = atMs;
    if (typed.length < length) return '';
    const whole = typed;
    typed = '';
    return whole;
  };
}
