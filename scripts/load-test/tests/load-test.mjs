// A load test in the background, for tests that break parts in its middle. It checks the invariants, the test what
// it broke.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const PATIENCE_SECONDS = 90;

export function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this inside scripts/stack/run -- …`);
  return value;
}

/** `part('restart', 'edge')`: see scripts/stack/part. */
export const part = (action, name) =>
  promisify(execFile)(new URL('../../stack/part', import.meta.url).pathname, [action, name]);

/**
 * Starts a load test of so many fans, with `rate` places per second.
 * @returns its event, and `passed`, which fails unless everything held and no fan saw an error
 */
export async function startLoadTest({ name, fans, rate }) {
  const stack = variable('STANCHION_STACK');
  const accounts = join(stack, `${name}-accounts.jsonl`);
  await run(join(stack, 'bin/stanchion-origin'), ['mint-accounts', '--count', `${fans}`, '--prefix', name], accounts);

  const event = `${name}-${Date.now()}`;
  const log = join(stack, `${name}-load-test.log`);
  const loadTest = run(join(stack, 'bin/stanchion-load-test'), [
    '--accounts', accounts, '--fans', `${fans}`, '--rate', `${rate}`, '--event-id', event,
    '--on-sale-in', '15s', '--report', join(stack, `${name}-report.json`),
  ], log);
  const ended = loadTest.then(() => 'ended', (error) => error); // judged later; meanwhile not unhandled
  return { event, passed: async () => assert.equal(await ended, 'ended', `the load test: see ${log}`) };
}

/** The public snapshot. */
export async function queue(event) {
  const answer = await fetch(`${variable('STANCHION_EDGE_URL')}/api/v1/events/${event}/queue`);
  return answer.ok ? answer.json() : { phase: 'none', served: 0 };
}

/** Asks until the queue is as wanted. */
export async function until(event, wanted) {
  const deadline = Date.now() + PATIENCE_SECONDS * 1000;
  for (;;) {
    const now = await queue(event).catch(() => ({ phase: 'unreachable', served: 0 }));
    if (!['none', 'unreachable'].includes(now.phase) && wanted(now)) return now;
    assert.ok(Date.now() < deadline, `the queue is still ${JSON.stringify(now)}`);
    await sleep(200);
  }
}

/** Runs a program with its output in a file; fails unless it ends with 0. */
function run(program, args, file) {
  const out = openSync(file, 'w', 0o600);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', out, 'inherit'], env: { ...process.env, RUST_LOG: 'warn' } });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`))));
  }).finally(() => closeSync(out));
}
