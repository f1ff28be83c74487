// One process asks, as fast as it can, for what does not exist, what is empty, what is long and with what is no token. Neither the
// coordinator nor any other object notices, nothing is made for it, and honest fans get no 5xx.
// Needs: a stack.
// Breaks: nothing, and needs a quiet machine.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { flood, floodsOf } from '../flood/floods.mjs';
import { Fan, shopperAndWaiter } from './fan.mjs';
import { startIsolates } from './isolates.mjs';

const FLOOD_MS = 10_000;
const AT_ONCE = 40;
/** Of one isolate: a look at the directory each 250 ms, a snapshot, a chunk and a page each second. */
const ASKED_A_SECOND = 12;

const event = `flood-${Date.now().toString(36)}`;
let edge;
let fans;

before(async () => {
  edge = await startIsolates(1);
  fans = await shopperAndWaiter(edge, event);
  // Somebody joins some windows later: between the two draws nobody did.
  await sleep(3_000);
  const late = new Fan(edge, event);
  await late.join();
  await late.until('waiting');
  await sleep(2_100);
  // The relay of the directory is made by the first question.
  assert.equal((await fetch(`${edge.url}/api/v1/events/nobody-has-put-this/queue`)).status, 404);
});
after(async () => { await edge?.stop(); });

for (const [what, question] of Object.entries(floodsOf(event))) {
  test(`a flood of ${what} reaches no object more than a few times a second`, { timeout: 120_000 }, async (t) => {
    const [objects, counted] = [edge.objects(), await edge.counts()];
    const began = performance.now();
    const until = Date.now() + FLOOD_MS;
    const [requests] = await Promise.all([flood(edge, question, { until, atOnce: AT_ONCE }), beHonest(until)]);
    const seconds = (performance.now() - began) / 1000;
    const asked = Object.entries(await edge.counts())
      .map(([name, count]) => [name, count - (counted[name] ?? 0)])
      .filter(([, count]) => count > 0);
    t.diagnostic(`${requests} requests in ${seconds.toFixed(1)} s; asked of objects: ${JSON.stringify(Object.fromEntries(asked))}`);
    const all = asked.reduce((sum, [, count]) => sum + count, 0);
    assert.ok(all <= ASKED_A_SECOND * seconds + 10, `${all} questions in ${seconds} s`);
    assert.equal(edge.objects(), objects, 'no object was made');
    assert.ok(requests > 100, `${requests}`);
  });
}

/** Two honest fans poll and shop until then. */
async function beHonest(until) {
  while (Date.now() < until) {
    const polled = await fans.waiter.poll();
    const cart = await fans.shopper.cart(fans.shopToken);
    assert.equal(polled.status, 200, JSON.stringify(polled.told));
    assert.ok(cart.status < 500, JSON.stringify(cart.told));
    await sleep(50);
  }
}
