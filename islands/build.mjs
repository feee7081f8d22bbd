// Bundles every island, `src/<name>.ts`, into `dist/<name>.js`. Fails when one grows too large for an
// old phone. Leaves a file alone that would not change, so that nothing is compiled again for it.

import { build } from 'esbuild';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DIST = join(HERE, 'dist');
const MOST_BYTES = 4096;

const names = (await readdir(join(HERE, 'src'))).filter((name) => name.endsWith('.ts')).sort();

const { outputFiles } = await build({
  entryPoints: names.map((name) => join(HERE, 'src', name)),
  outdir: DIST,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2018',
  charset: 'utf8',
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
});

await mkdir(DIST, { recursive: true });
const wanted = new Set(outputFiles.map((file) => basename(file.path)));
for (const name of await readdir(DIST)) {
  if (!wanted.has(name)) await rm(join(DIST, name));
}

let tooLarge = false;
for (const { path, contents } of outputFiles) {
  const before = await readFile(path).catch(() => undefined);
  if (!before?.equals(contents)) await writeFile(path, contents);
  const large = contents.length > MOST_BYTES;
  tooLarge ||= large;
  console.log(`${basename(path)} ${contents.length} bytes${large ? `, ${MOST_BYTES} at most` : ''}`);
}
process.exit(tooLarge ? 1 : 0);
