// Tests in JavaScript: independent counterparts of what we sign, draw and challenge, the gate in front of a site, and the
// pages in a browser. Each file says in its first lines what it needs and what it breaks:
//
//   // Needs: nothing | a stack | edge-site …      anything but the first two is there once in a stack: files that need such
//                                                  a thing run one after the other, the others beside each other
//   // Breaks: nothing | the edge, the origin …    anything but nothing: the file runs alone, on a stack for such
//   //         nothing, and needs a quiet machine  the file runs when all else has ended
//   // Runs on: workerd | workerd and Spin | Spin  what the stack's edge runs on; not said by a file that needs nothing

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../stack/places.mjs';

const RUNTIMES = { workerd: ['workerd'], 'workerd and Spin': ['workerd', 'spin'], Spin: ['spin'] };
const REPORTER = join(ROOT, 'scripts/suite/node-reporter.mjs');
const FILE_BY_FILE = join(ROOT, 'scripts/suite/file-by-file.mjs');

/** Every test file of the clone. */
export function nodeTests() {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.test.mjs'], { cwd: ROOT, encoding: 'utf8' });
  return files.split('\n').filter((file) => file !== '').map(readTest);
}

function readTest(file) {
  const [head] = /^(\/\/.*\n)*/.exec(readFileSync(join(ROOT, file), 'utf8'));
  const says = (what) => new RegExp(`^// ${what}: (.+?)\\.?$`, 'm').exec(head)?.[1];
  const needs = says('Needs');
  if (!needs) throw new Error(`${file} must say in its first lines what it needs: // Needs: nothing | a stack | edge-site …`);
  if (needs === 'nothing') return { file, needsStack: false, shares: true, alone: false, runtimes: [] };
  const [breaks, runsOn] = [says('Breaks'), says('Runs on')];
  if (!breaks) throw new Error(`${file} must say in its first lines what it breaks: // Breaks: nothing | the edge …`);
  if (!RUNTIMES[runsOn]) throw new Error(`${file} must say in its first lines where it runs: // Runs on: ${Object.keys(RUNTIMES).join(' | ')}`);
  return { file, needsStack: true, shares: needs === 'a stack', alone: breaks !== 'nothing', quiet: breaks.includes('quiet'), runtimes: RUNTIMES[runsOn] };
}

/** @param {number} atOnce so many files beside each other */
export function nodeCommand(tests, atOnce = 1) {
  const files = tests.map(({ file }) => file);
  // Where one file follows the other, it is known which of them failed: `node --test` itself names the file of the helper that a
  // test was made by.
  if (atOnce === 1) return ['node', FILE_BY_FILE, ...files];
  return ['node', '--test', `--test-reporter=${REPORTER}`, `--test-concurrency=${atOnce}`, ...files];
}
