// A third party's Open311 client talks to the real program: georeport from the Python package
// index, in a virtual environment of its own that is taken away afterwards.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, startApp } from './lib/app.mjs';

const run = promisify(execFile);
const PACKAGE = 'georeport==0.3.1';

describe('Open311', () => {
  let app;
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xiaohe-georeport-'));
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', PACKAGE]);
    app = await startApp();
  });
  after(async () => {
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('a client of somebody else reads services and requests, and its requests arrive', async () => {
    const client = join(ROOT, 'e2e', 'open311', 'client.py');
    const { stdout } = await run(join(folder, 'bin', 'python'), [client, app.url('/open311/v2'), 'demo']);
    const { services, sent } = JSON.parse(stdout);
    assert.ok(services > 0);
    assert.equal(sent, services);
  });
});
