// The on-sale on Spin with the edge's Redis killed in the middle: once while fans join, and once, for longer than a
// snapshot may be old, while they are admitted. The load test checks the invariants, so that nobody lost a place; this
// test judges what the edge says meanwhile, and that it recovers by itself.
// Needs: a stack.
// Breaks: the edge's Redis.
// Runs on: Spin.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { part, startLoadTest, until, variable } from '../load-test.mjs';

const FANS = 150;
const RATE = 8; // places per second: the long outage falls into the middle
const SNAPSHOT_SECONDS = 2; // an edge goes on with what it knows for so long
const OUTAGE_MS = 5_000; // and less than the origin's lease, so that admission does not stop

test('an on-sale whose Redis at the edge is killed and restarted keeps every invariant', async () => {
  const { event, passed } = await startLoadTest({ name: 'redis-killed', fans: FANS, rate: RATE });

  const joining = await until(event, ({ joined }) => joined > FANS / 4);
  assert.equal(joining.phase, 'pre_queue', 'fans are still joining');
  await part('restart', 'edge-redis');

  const before = await until(event, ({ served }) => served > 5);
  await part('kill', 'edge-redis');
  const dead = Date.now();
  await repeated(event);
  assert.equal((await fetch(`${variable('STANCHION_EDGE_URL')}/healthz`)).status, 200, 'the edge itself is well');

  await sleep(Math.max(0, OUTAGE_MS - (Date.now() - dead)));
  await part('start', 'edge-redis');
  // Another instance may still repeat what it knew before: an answer counts that is of the Redis that is back.
  const back = Date.now();
  const after = await until(event, ({ phase, as_of }) => phase === 'on_sale' && Date.parse(as_of) > back);
  assert.ok(after.served >= before.served, 'the curve has not gone back');
  await until(event, ({ served }) => served > after.served);
  await passed();
});

/** Asks until an answer only repeats what was true before Redis was away: it is given, and says as of when. */
async function repeated(event) {
  for (;;) {
    const answer = await fetch(`${variable('STANCHION_EDGE_URL')}/api/v1/events/${event}/queue`);
    assert.equal(answer.status, 200, 'what everybody may know is told while Redis is away');
    const { as_of } = await answer.json();
    if (Date.now() - Date.parse(as_of) > SNAPSHOT_SECONDS * 1000) return;
    await sleep(100);
  }
}
