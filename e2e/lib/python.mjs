// Where `cargo xtask test` has installed requirements.txt. Installs nothing itself.

import { dirname, join } from 'node:path';
import { ROOT } from './app.mjs';

/** The interpreter with the packages. */
export const PYTHON =
  process.env.XIAOHE_PYTHON ?? join(ROOT, 'target', 'python', 'bin', 'python');

/** A program that one of the packages brings. */
export function program(name) {
  return join(dirname(PYTHON), name);
}
