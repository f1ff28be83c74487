// A part that is stopped, or ends by itself, leaves nothing of what it started behind.
// Needs: nothing.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Part } from '../process.mjs';

/** Starts a helper that is deaf to SIGTERM, notes its number, and then does `then`. */
const helperAnd = (then) => `(trap '' TERM; exec sleep 60) & echo $! > helper.tmp; mv helper.tmp helper; ${then}`;

async function withPart(script, use) {
  const folder = mkdtempSync(join(tmpdir(), 'stanchion-process-'));
  const helper = join(folder, 'helper');
  const part = new Part({
    name: 'part',
    folder,
    cwd: folder,
    command: ['bash', '-c', script],
    wholeGroup: true,
    healthy: async () => existsSync(helper),
  });
  try {
    await part.start();
    await use(part);
    const number = Number(readFileSync(helper, 'utf8'));
    for (let tries = 0; isRunning(number); tries += 1) {
      assert.ok(tries < 100, `the helper ${number} is still there`);
      await sleep(20);
    }
  } finally {
    await part.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Neither gone nor waiting for its parent to take notice. */
function isRunning(number) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${number}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a part that is stopped takes along a helper that does not listen', () =>
  withPart(helperAnd(`trap 'exit 0' TERM; while :; do sleep 0.05; done`), (part) => part.stop()));

test('a part that ends by itself takes its helper along', () =>
  withPart(helperAnd('sleep 0.3'), (part) => part.exited));
