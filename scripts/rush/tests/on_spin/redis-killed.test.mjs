// The on-sale on Spin with the edge's Redis killed in the middle: once while fans join, and once, for longer than a
// snapshot may be old, while they are admitted. The rush itself judges the invariants, so that nobody lost a place; this
// test judges what the edge says meanwhile, and that it recovers by itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { part, startRush, until, variable } from '../rush.mjs';

const FANS = 150;
const RATE = 8; // places per second: the long outage falls into the middle
const SNAPSHOT_SECONDS = 2; // an edge goes on with what it knows for so long
const OUTAGE_MS = 5_000; // and less than the origin's lease, so that admission does not stop

test('an on-sale whose Redis at the edge is killed and restarted keeps every invariant', async () => {
  const { event, passed } = await startRush({ name: 'redis-killed', fans: FANS, rate: RATE });

  const joining = await until(event, ({ joined }) => joined > FANS / 4);
  assert.equal(joining.phase, 'pre_queue', 'fans are still joining');
  await part('restart', 'edge-redis');

  const before = await until(event, ({ served }) => served > 5);
  await part('kill', 'edge-redis');
  const dead = Date.now();
  const refused = await refusal(event, dead);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '2');
  assert.equal((await refused.json()).error, 'unavailable');
  assert.equal((await fetch(`${variable('STANCHION_EDGE_URL')}/healthz`)).status, 200, 'the edge itself is well');

  await sleep(Math.max(0, OUTAGE_MS - (Date.now() - dead)));
  await part('start', 'edge-redis');
  const after = await until(event, ({ phase }) => phase === 'on_sale');
  assert.ok(after.served >= before.served, 'the curve has not gone back');
  await until(event, ({ served }) => served > after.served);
  await passed();
});

/** The first answer that is not 200, which must come as soon as every snapshot is too old. */
async function refusal(event, since) {
  for (;;) {
    const answer = await fetch(`${variable('STANCHION_EDGE_URL')}/api/v1/events/${event}/queue`);
    if (answer.status !== 200) return answer;
    await answer.arrayBuffer();
    assert.ok(Date.now() - since < (SNAPSHOT_SECONDS + 2) * 1000, 'an answer from a snapshot that is too old');
    await sleep(100);
  }
}
