// Bundles the tests of the pure parts, `src/lib/*.test.mjs`, and runs them in node's own runner.

import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LIB = fileURLToPath(new URL('src/lib', import.meta.url));
const tests = (await readdir(LIB)).filter((name) => name.endsWith('.test.mjs')).sort();
if (tests.length === 0) throw new Error('no tests: that cannot be right');

const folder = await mkdtemp(join(tmpdir(), 'xiaohe-islands-'));
try {
  await build({
    entryPoints: tests.map((name) => join(LIB, name)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  // Named one by one: what node makes of a folder differs from version to version.
  const files = tests.map((name) => join(folder, name));
  const flags = ['--enable-source-maps', '--test', '--test-reporter=spec'];
  const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
