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

/**
 * The keys whose drafts are done, from what the page's marks say and what this tab sent last. An
 * empty mark means the latter.
 */
export function done(marks: readonly string[], sent: string): string[] {
  return marks.map((mark) => mark || sent).join(' ').split(/\s+/).filter((key) => key !== '');
}
