// Runs test files one after the other, each by a `node --test` of its own, and says before each which it is:
//   node scripts/suite/file-by-file.mjs FILE…
// Ends with 1 if one of them failed.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const REPORTER = join(import.meta.dirname, 'node-reporter.mjs');

for (const file of process.argv.slice(2)) {
  process.stdout.write(`running the file ${file}\n`);
  const { status, error } = spawnSync(process.execPath, ['--test', `--test-reporter=${REPORTER}`, file], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exitCode = 1;
}
