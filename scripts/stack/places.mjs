// Where things are: the clone, and the folder of one run.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const RUNS = join(ROOT, '.stanchion');

/** Folders of runs that failed are kept for their logs, the newest of them. */
const MOST_FAILED_RUNS_KEPT = 5;

/** A new folder `.stanchion/<name>-<random>/`, open to its owner only because it holds keys. */
export function runFolder(name) {
  mkdirSync(RUNS, { recursive: true });
  forgetOldRuns();
  return mkdtempSync(join(RUNS, `${name}-`)); // mkdtemp makes it 0700
}

/** A run that still goes on has a control socket's note in its folder and is left alone. */
function forgetOldRuns() {
  const ended = readdirSync(RUNS)
    .map((name) => join(RUNS, name))
    .filter((folder) => existsSync(join(folder, 'ended')))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of ended.slice(MOST_FAILED_RUNS_KEPT)) rmSync(folder, { recursive: true, force: true });
}
