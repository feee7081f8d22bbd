// The pages that everybody may open. One line here puts a page under every check and every picture.

/** `path`, the `name` of its picture, and the most bytes it may cost over the wire. */
export const PUBLIC_PAGES = [
  { path: '/', name: 'home', mostBytes: 100_000 },
  { path: '/help', name: 'help', mostBytes: 60_000 },
  { path: '/track', name: 'track', mostBytes: 100_000 },
  { path: '/login', name: 'login', mostBytes: 100_000 },
  { path: '/about', name: 'about', mostBytes: 100_000 },
];
