// A third party's Open311 client talks to the real program: georeport from the Python package
// index, at the version in requirements.txt.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, startApp } from './lib/app.mjs';
import { PYTHON } from './lib/python.mjs';

const run = promisify(execFile);

describe('Open311', () => {
  let app;
  before(async () => {
    app = await startApp();
  });
  after(async () => {
    await app?.stop();
  });

  test('a client of somebody else reads services and requests, and its requests arrive', async () => {
    const client = join(ROOT, 'e2e', 'open311', 'client.py');
    const { stdout } = await run(PYTHON, [client, app.url('/open311/v2'), 'demo']);
    const { services, sent } = JSON.parse(stdout);
    assert.ok(services > 0);
    assert.equal(sent, services);
  });
});
