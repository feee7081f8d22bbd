// Starts the real program on a free port with a database of its own, waits until it says it is ready,
// and ends exactly that process afterwards. Nobody sees a database that a test has written to: the
// usual city is built once in a run and every test gets a copy.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const PROFILE = process.env.XIAOHE_PROFILE ?? 'debug';
const BINARY = process.env.XIAOHE_BIN ?? join(ROOT, 'target', PROFILE, 'xiaohe');

/** The hour at which a demonstration of the tests begins: a working morning, whenever they run. */
const AS_OF = '2026-06-10T10:30+08:00';
/** Where built cities are kept for the length of a run, to be copied. */
const KEPT = process.env.XIAOHE_CITIES;
const READY_MS = 120_000;
const END_MS = 10_000;

/**
 * A running demonstration city.
 *
 * `config` is what its `xiaohe.toml` says, `env` what stands in its environment beside the usual.
 * It begins at `asOf`, or with `null` at the hour of the machine: whoever tests it with another
 * server needs both to tell the same time.
 * With `staff` it is no demonstration: it is served in earnest, to the accounts that are named.
 * `command` is the program with the arguments that come before the usual ones; tests of this
 * file give a stub. Fails with the program's last words if it ends or is not ready in time.
 */
export async function startApp({
  command = [BINARY],
  pack = 'packs/jinan',
  scale = 'small',
  asOf = AS_OF,
  readyMs = READY_MS,
  config = '',
  env = {},
  port,
  staff,
} = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'xiaohe-e2e-'));
  port ??= await freePort();
  const listen = `127.0.0.1:${port}`;
  const [program, ...before] = command;
  await writeFile(join(folder, 'xiaohe.toml'), config);
  const place = ['--pack', join(ROOT, pack), '--db', 'sqlite:demo.db'];
  const options = { cwd: folder, env: { ...process.env, ...env } };
  if (staff) make(program, place, staff, options);
  const how = (hour) =>
    staff ? ['serve'] : ['demo', '--scale', scale, ...(hour ? ['--as-of', hour] : [])];
  if (KEPT && asOf && !staff && program === BINARY && config === '') {
    await cp(await built([...how(asOf), ...place]), folder, { recursive: true });
  }
  const run = (hour) =>
    spawn(program, [...before, ...how(hour), ...place, '--listen', listen], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const app = new App(run, `http://${listen}`, folder, readyMs);
  await app.begin(staff ? null : asOf);
  return app;
}

/** The folder of a city that was built with these words and never served. */
async function built(words) {
  const folder = join(KEPT, createHash('sha256').update(words.join(' ')).digest('hex'));
  if (existsSync(folder)) return folder;
  const half = await mkdtemp(`${folder}-`);
  const { status, stderr } = spawnSync(BINARY, [...words, '--build-only'], { cwd: half });
  if (status !== 0) throw new Error(`building a city: ${stderr}`);
  await rename(half, folder);
  return folder;
}

/** Keys and accounts of an installation that serves in earnest. */
function make(program, place, staff, options) {
  const run = (words, input = '') => {
    const { status, stderr } = spawnSync(program, words, { ...options, input });
    if (status !== 0) throw new Error(`${words.slice(0, 2).join(' ')}: ${stderr}`);
  };
  run(['keys', 'create', join(options.cwd, 'demo.keys')]);
  for (const { username, name, unit, role, password } of staff) {
    const who = [username, '--name', name, '--unit', unit, '--role', role];
    run(['account', 'create', ...place, ...who], `${password}\n`);
  }
}

class App {
  #run;
  #child;
  #folder;
  #readyMs;
  #output = '';
  #ahead;
  #ended;

  constructor(run, origin, folder, readyMs) {
    this.#run = run;
    this.#folder = folder;
    this.#readyMs = readyMs;
    this.origin = origin;
  }

  /** Starts the program at this hour of the city, and waits until it is ready. */
  async begin(hour) {
    this.#ahead = hour ? Date.parse(hour) - Date.now() : 0;
    const child = this.#run(hour);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.#output = (this.#output + text).slice(-8_000);
      });
    }
    this.#ended = new Promise((done) => {
      child.once('exit', (code, signal) => done(`ended with ${signal ?? code}`));
      child.once('error', (error) => done(`did not start: ${error.message}`));
    });
    // A test run that is broken off must not leave a server behind.
    this.killAtExit = () => child.kill('SIGKILL');
    process.once('exit', this.killAtExit);
    try {
      await this.#ready();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends it and starts it again, as if so many minutes had gone by. */
  async passes(minutes) {
    const hour = new Date(Date.now() + this.#ahead + minutes * 60_000);
    await this.#end();
    await this.begin(hour.toISOString());
  }

  /** The day and the minute that it is in the city, some seconds from now. */
  time(seconds = 0) {
    const at = new Date(Date.now() + this.#ahead + 8 * 3_600_000 + seconds * 1000).toISOString();
    return { day: at.slice(0, 10), minute: at.slice(11, 16) };
  }

  get pid() {
    return this.#child.pid;
  }

  /** What the program printed last. */
  get output() {
    return this.#output;
  }

  url(path) {
    return new URL(path, this.origin).href;
  }

  async #ready() {
    const deadline = Date.now() + this.#readyMs;
    let ended = null;
    this.#ended.then((how) => { ended = how; });
    while (Date.now() < deadline) {
      if (await this.#answersReady()) return;
      await pause(50);
      if (ended) throw new Error(`the program ${ended}\n${this.#output}`);
    }
    throw new Error(`not ready within ${this.#readyMs} ms\n${this.#output}`);
  }

  async #answersReady() {
    try {
      const answer = await fetch(this.url('/readyz'), { signal: AbortSignal.timeout(2_000) });
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      return false;
    }
  }

  /** The demonstration accounts: `[{ username, password, role, unit }]`. */
  async accounts() {
    const answer = await fetch(this.url('/api/v1/demo/accounts'));
    if (answer.status !== 200) throw new Error(`demo accounts: status ${answer.status}`);
    return answer.json();
  }

  /** The first account of a role; a role that is not there names those that are. */
  async account(role) {
    const accounts = await this.accounts();
    const found = accounts.find((account) => account.role === role);
    if (found) return found;
    throw new Error(`no account of role ${role}; there are ${accounts.map((it) => it.role)}`);
  }

  /** Asks the program to end, waits for it, and takes its database away. */
  async stop() {
    await this.#end();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end() {
    process.removeListener('exit', this.killAtExit);
    this.#child.kill('SIGTERM');
    const late = new AbortController();
    const tooLong = pause(END_MS, 'late', { signal: late.signal }).catch(() => 'in time');
    if ((await Promise.race([this.#ended, tooLong])) === 'late') this.#child.kill('SIGKILL');
    late.abort();
    await this.#ended;
  }
}

/** A port nobody listens on, below the range from which outgoing connections take theirs. */
export async function freePort() {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port between 20000 and 32000');
}

function isFree(port) {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => done(true));
    });
  });
}
