/** What a key press says of itself; a `KeyboardEvent` is one. */
export interface Stroke {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly metaKey: boolean;
}

/** Full-width forms that a Chinese keyboard gives for the same keys. */
const WIDE: Readonly<Record<string, string>> = { '／': '/', '？': '?' };

/** Whether the named key (`n`, `?`, `F9`, `Alt+R`, `Ctrl+Enter`) would type something in a field. */
export function types(name: string): boolean {
  return name.length === 1;
}

/** Whether the press is the named key with exactly the named modifiers. */
export function matches(name: string, stroke: Stroke): boolean {
  const parts = name.split('+');
  const key = (parts.pop() ?? '').toLowerCase();
  const held = (modifier: string) => parts.some((part) => part.toLowerCase() === modifier);
  if (key === '' || stroke.metaKey) return false;
  if (held('ctrl') !== stroke.ctrlKey || held('alt') !== stroke.altKey) return false;
  // Signs may need Shift on one keyboard and not on another; letters and named keys do not.
  const isSign = key.length === 1 && !/[a-z0-9]/.test(key);
  if (!isSign && held('shift') !== stroke.shiftKey) return false;
  const pressed = WIDE[stroke.key] ?? stroke.key.toLowerCase();
  // With Alt some systems report the sign that the letter makes, so the place of the key counts too.
  return pressed === key || (stroke.altKey && stroke.code.toLowerCase() === `key${key}`);
}

/** Kinds of input that take no text, so that a plain key cannot be meant for them. */
const NO_TEXT = ['button', 'checkbox', 'file', 'image', 'radio', 'reset', 'submit'];

/** Whether keys typed at this element are meant for it. */
export function isTyping(target: EventTarget | null): boolean {
  if (!target || !('tagName' in target)) return false;
  const it = target as HTMLElement & { readonly type?: string };
  if (it.isContentEditable) return true;
  const tag = it.tagName.toLowerCase();
  return tag === 'textarea' || tag === 'select' || (tag === 'input' && !NO_TEXT.includes(it.type ?? ''));
}
