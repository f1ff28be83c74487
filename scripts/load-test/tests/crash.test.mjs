// The on-sale with its parts killed in the middle: the edge while it closes the draw, the origin while fans shop. The load
// test checks the invariants; this test judges that admission stopped with the origin's lease and went on with it.
// Needs: a stack.
// Breaks: the edge and the origin.
// Runs on: workerd and Spin.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { part, queue, startLoadTest, until, variable } from './load-test.mjs';

const FANS = 200;
const RATE = 8; // places per second: the origin's death falls into the middle
const LEASE_SECONDS = 10;

test('an on-sale whose edge and origin are killed in the middle keeps every invariant', async () => {
  const { event, passed } = await startLoadTest({ name: 'crash', fans: FANS, rate: RATE });

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
  await passed();

  const { stops } = await (await fetch(`${variable('STANCHION_EDGE_URL')}/api/v1/events/${event}/schedule`)).json();
  assert.ok(stops.length >= 1, 'the stop is recorded in the public schedule');
});
