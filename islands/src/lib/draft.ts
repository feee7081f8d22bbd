/** What was typed in one form: the value of each field by its slot, and when. */
export interface Draft {
  readonly at: number;
  readonly values: Readonly<Record<string, string>>;
}

/** A draft older than this is of another working day. */
export const MOST_MS = 12 * 3_600_000;

/** Reads a stored draft; anything else than a whole and recent one is none. */
export function read(text: string | null, nowMs: number): Draft | undefined {
  if (!text) return undefined;
  try {
    const draft = JSON.parse(text) as Partial<Draft> | null;
    const { at, values } = draft ?? {};
    if (typeof at !== 'number' || typeof values !== 'object' || values === null) return undefined;
    if (nowMs - at > MOST_MS || Object.values(values).some((it) => typeof it !== 'string')) return undefined;
    return { at, values };
  } catch {
    return undefined;
  }
}

/** The slots whose value differs from what the page shows; slots that the page lacks are left out. */
export function differing(draft: Draft, shown: Readonly<Record<string, string>>): string[] {
  return Object.keys(draft.values).filter((slot) => slot in shown && draft.values[slot] !== shown[slot]);
}

/** The drafts that are done: every key of the page, and those of the cookie `draft-done`. */
export function done(attributes: readonly string[], cookies: string): string[] {
  const pairs = cookies.split(';').map((it) => it.trim().split('='));
  const sent = pairs.filter(([name]) => name === 'draft-done').map(([, value]) => decode(value ?? ''));
  return [...attributes, ...sent].join(' ').split(/\s+/).filter((key) => key !== '');
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}
