// The description of the JSON API against the running program: it is valid OpenAPI, and whatever
// is sent, by anybody and by staff, is answered as it says and never by a fault.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { startApp } from './lib/app.mjs';
import { program } from './lib/python.mjs';

const run = promisify(execFile);
/** Requests to each operation in each phase, at most. About ten seconds for all of them. */
const EXAMPLES = '40';
const SEED = '1';
/** Only a run that hangs takes so long. */
const MOST_MS = 120_000;

describe('the API and its description', () => {
  let app;
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xiaohe-openapi-'));
    app = await startApp();
  });
  after(async () => {
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a program in the folder; its own words are the message of its failure. */
  async function check(name, args) {
    try {
      return await run(program(name), args, { cwd: folder, timeout: MOST_MS, maxBuffer: 1 << 26 });
    } catch (error) {
      throw new Error(`${name}: ${error.message}\n${error.stdout ?? ''}\n${error.stderr ?? ''}`);
    }
  }

  /** Sends all kinds of requests; `settings` is a configuration file, `args` say who asks. */
  async function probe(settings, args) {
    const [config, report] = ['schemathesis.toml', 'report.json'].map((it) => join(folder, it));
    await writeFile(config, settings);
    await check('schemathesis', [
      '--config-file', config, 'run', app.url('/api/openapi.json'),
      '--seed', SEED, '--max-examples', EXAMPLES, '--generation-database', 'none', '--no-color',
      '--checks', 'all',
      // Whether a valid appeal is taken depends on who sends it: not every channel is everybody's.
      '--exclude-checks', 'positive_data_acceptance',
      '--report', 'json', '--report-json-path', report, ...args,
    ]);
    const { complete, operations, test_cases: cases } = JSON.parse(await readFile(report, 'utf8'));
    assert.ok(complete);
    assert.equal(operations.tested, operations.selected);
    assert.ok(cases.generated > 200, `${cases.generated} requests`);
    assert.equal(cases.with_failures + cases.errored, 0);
    return operations;
  }

  async function json(path, options) {
    const answer = await fetch(app.url(path), options);
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  }

  test('the description is OpenAPI', async () => {
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(await json('/api/openapi.json')));
    await check('openapi-spec-validator', [file]);
  });

  test('whatever anybody sends is answered as described', async () => {
    const { total, selected } = await probe('', []);
    assert.equal(selected, total);
  });

  test('whatever staff send is answered as described', async () => {
    const { username, password } = await app.account('operator');
    const { token } = await json('/api/v1/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    });
    const staff = { authorization: `Bearer ${token}` };
    const { items } = await json('/api/v1/cases?state=received', { headers: staff });
    const { number } = items[0];
    const { allowed_actions: actions } = await json(`/api/v1/cases/${number}`, { headers: staff });
    // With a case that is there, what is sent gets as far as the rules.
    const settings = [
      '[parameters]', `"path.number" = "${number}"`, `"path.action" = "${actions[0].code}"`,
    ];
    const who = ['--header', `Authorization: Bearer ${token}`];
    // Logging out would end the session that asks.
    await probe(`${settings.join('\n')}\n`, [...who, '--exclude-operation-id', 'logOut']);
  });
});
