// The texts of the server and the bytes of the browser: questions one way, answers the other.

/** base64url without padding, as both sides write bytes. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  const all = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at += 1) all[at] = plain.charCodeAt(at);
  return all;
}

export function text(buffer: ArrayBuffer): string {
  let plain = '';
  for (const byte of Array.from(new Uint8Array(buffer))) plain += String.fromCharCode(byte);
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

// What the browser wants as bytes comes as text, wherever it stands.
const BYTES = ['challenge', 'id'];

/** A question with bytes where the browser wants them. The name of the site is an id, and a text. */
export function question(json: string): any {
  const asked = JSON.parse(json).publicKey;
  const read = (value: any, inside: string): any => {
    if (Array.isArray(value)) return value.map((one) => read(one, inside));
    if (value === null || typeof value !== 'object') return value;
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const raw = BYTES.includes(key) && inside !== 'rp' && typeof value[key] === 'string';
      out[key] = raw ? bytes(value[key]) : read(value[key], key);
    }
    return out;
  };
  return read(asked, '');
}

interface Shown {
  id: string;
  rawId: ArrayBuffer;
  type: string;
  response: any;
  getClientExtensionResults(): unknown;
}

const PARTS = ['attestationObject', 'authenticatorData', 'clientDataJSON', 'signature', 'userHandle'];

/** An answer as the server reads it. */
export function answer(shown: Shown): string {
  const response: Record<string, unknown> = {};
  for (const part of PARTS) {
    const value = shown.response[part];
    if (value) response[part] = text(value);
  }
  if (shown.response.getTransports) response.transports = shown.response.getTransports();
  const extensions = shown.getClientExtensionResults();
  return JSON.stringify({ id: shown.id, rawId: text(shown.rawId), type: shown.type, response, extensions });
}
