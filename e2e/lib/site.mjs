// A small site for the islands alone: pages written in a test, the built scripts, and the policy that
// the program itself sends. The port is free, the address loopback.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { ROOT } from './app.mjs';

const MOST_BYTES = 100_000;

/** The content security policy as `crates/web/src/ops.rs` states it, so that it is never a weaker one. */
async function policy() {
  const source = await readFile(join(ROOT, 'crates/web/src/ops.rs'), 'utf8');
  const found = /const POLICY: &str = "((?:[^"\\]|\\[^])*)";/.exec(source);
  if (!found) throw new Error('crates/web/src/ops.rs states no POLICY');
  return found[1].replace(/\\\n\s*/g, '');
}

/** A whole page; `scripts` are names of islands. */
export function html(body, { scripts = [], kind = 'staff', attributes = '' } = {}) {
  const tags = scripts.map((name) => `<script src="/static/${name}.js" defer></script>`).join('');
  return `<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8"><title>页面</title>
<link rel="icon" href="/static/logo.svg"><link rel="stylesheet" href="/static/xiaohe.css">${tags}</head>
<body class="${kind}" ${attributes}>${body}</body></html>`;
}

/**
 * Serves `routes`: from `"GET /path"` to a page, or to a function of the posted form that gives
 * `{ status, headers, body }`, at once or later.
 */
export async function openSite(routes) {
  const fixed = { 'content-security-policy': await policy(), 'cache-control': 'no-store' };
  const server = createServer((request, response) => {
    answer(routes, request).then(
      ({ status = 200, headers = {}, body = '' }) => {
        response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...fixed, ...headers });
        response.end(body);
      },
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    }),
  };
}

async function answer(routes, request) {
  const { pathname } = new URL(request.url, 'http://site');
  const file = /^\/static\/([a-z]+\.(js|css|svg))$/.exec(pathname);
  if (file) {
    const [, name, kind] = file;
    const folder = kind === 'js' ? 'islands/dist' : 'crates/web/static';
    const type = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }[kind];
    return { headers: { 'content-type': type }, body: await readFile(join(ROOT, folder, name)) };
  }
  const route = routes[`${request.method} ${pathname}`];
  if (route === undefined) return { status: 404, body: 'no such page' };
  return typeof route === 'string' ? { body: route } : route(await posted(request));
}

async function posted(request) {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > MOST_BYTES) throw new Error('more than a form');
  }
  return new URLSearchParams(text);
}
