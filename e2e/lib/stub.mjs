// A stand-in for the program, for the tests of the harness alone. Understands the same arguments;
// its behaviour is named first: `good`, `bad` (a page with faults), `deaf` (never ready), `dead`.

import { createServer } from 'node:http';

const [mode, , ...rest] = process.argv.slice(2);
const listen = rest[rest.indexOf('--listen') + 1];
const [host, port] = listen.split(':');

if (mode === 'dead') {
  console.error('the pack is wrong: packs/here.toml:3');
  process.exit(3);
}

const ACCOUNT = { username: 'operator', password: 'open sesame', role: 'operator', unit: 'city' };

const page = (body, head = '') => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stub</title>${head}</head><body><main><h1>Stub</h1>${body}</main></body></html>`;

const FORM = `<form method="post" action="/login">
<label>Name <input name="username"></label>
<label>Password <input name="password" type="password"></label>
<button type="submit">Sign in</button></form>`;

const FAULTY = `<img src="/gone.png"><p id="late"></p>
<div class="wide">x</div><script src="/loud.js"></script>`;

const ROUTES = {
  '/': () => page(mode === 'bad' ? FAULTY : '<p id="late">written</p><script src="/quiet.js"></script>'),
  '/help': () => page(`<p>${'x '.repeat(10_000)}</p>`),
  '/track': () => page('<p>track</p>'),
  '/about': () => page('<p>about</p>'),
  '/login': () => page(FORM),
  '/desk': () => page('<p>welcome</p>'),
  '/quiet.js': () => "document.getElementById('late').textContent = 'by script';",
  '/loud.js': () => "document.querySelector('.wide').style.width = '3000px'; console.error('loud');",
  '/api/v1/demo/accounts': () => JSON.stringify([ACCOUNT]),
};

// As strict as the program's own, so that looking at a page is shown to need no weaker one.
const POLICY = "default-src 'none'; script-src 'self'; img-src 'self'; form-action 'self'";

const start = Date.now();

createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://stub');
  const send = (status, type, body = '') => {
    response.writeHead(status, { 'content-type': type, 'content-security-policy': POLICY });
    response.end(body);
  };
  if (pathname === '/readyz') {
    const ready = mode !== 'deaf' && Date.now() - start > 200;
    send(ready ? 200 : 503, 'text/plain');
  } else if (pathname === '/login' && request.method === 'POST') {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => {
      const form = new URLSearchParams(body);
      const right =
        form.get('username') === ACCOUNT.username && form.get('password') === ACCOUNT.password;
      response.writeHead(303, { location: right ? '/desk' : '/login' });
      response.end();
    });
  } else if (ROUTES[pathname]) {
    const body = ROUTES[pathname]();
    const type = pathname.endsWith('.js')
      ? 'text/javascript'
      : pathname.startsWith('/api') ? 'application/json' : 'text/html; charset=utf-8';
    send(200, type, body);
  } else {
    send(pathname === '/favicon.ico' ? 204 : 404, 'text/plain');
  }
}).listen(Number(port), host);

console.log(`stub at http://${listen}`);
