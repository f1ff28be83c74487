// The on-sale with its parts killed in the middle: the edge while it closes the draw, the origin while fans shop. The rush
// itself judges the invariants; this test judges that admission stopped with the origin's lease and went on with it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const FANS = 200;
const RATE = 8; // places per second: the origin's death falls into the middle
const LEASE_SECONDS = 10;
const PATIENCE_SECONDS = 90;

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this inside scripts/stack/run -- …`);
  return value;
}

const part = (action, name) =>
  promisify(execFile)(new URL('../../stack/part', import.meta.url).pathname, [action, name]);

test('an on-sale whose edge and origin are killed in the middle keeps every invariant', async () => {
  const stack = variable('STANCHION_STACK');
  const accounts = join(stack, 'crash-accounts.jsonl');
  await run(join(stack, 'bin/stanchion-origin'), ['mint-accounts', '--count', `${FANS}`, '--prefix', 'crash'], accounts);

  const event = `crash-${Date.now()}`;
  const rush = run(join(stack, 'bin/stanchion-rush'), [
    'run', '--accounts', accounts, '--fans', `${FANS}`, '--rate', `${RATE}`, '--event-id', event,
    '--on-sale-in', '15s', '--report', join(stack, 'crash-report.json'),
  ], join(stack, 'crash-rush.log'));
  const ended = rush.then(() => 'ended', (error) => error); // judged below; meanwhile not unhandled

  await until(event, ({ phase }) => phase !== 'pre_queue');
  await part('restart', 'edge');
  await until(event, ({ served }) => served > 0);
  await sleep(2_000);

  await part('kill', 'origin');
  const dead = Date.now();
  const stopped = await until(event, ({ phase }) => phase === 'stopped');
  assert.ok(Date.now() - dead < (LEASE_SECONDS + 5) * 1000, 'admission stops when the lease ends');
  await sleep(3_000);
  const still = await queue(event);
  assert.equal(still.served, stopped.served, 'nobody is admitted while the origin is dead');
  assert.equal(still.phase, 'stopped');

  await part('start', 'origin');
  await until(event, ({ phase, served }) => phase === 'on_sale' && served > stopped.served);
  assert.equal(await ended, 'ended', `the rush: see ${join(stack, 'crash-rush.log')}`);

  const { stops } = await (await fetch(`${variable('STANCHION_EDGE_URL')}/api/v1/events/${event}/schedule`)).json();
  assert.ok(stops.length >= 1, 'the stop is recorded in the public schedule');
});

async function queue(event) {
  const answer = await fetch(`${variable('STANCHION_EDGE_URL')}/api/v1/events/${event}/queue`);
  return answer.ok ? answer.json() : { phase: 'none', served: 0 };
}

/** Asks until the queue is as wanted. */
async function until(event, wanted) {
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
