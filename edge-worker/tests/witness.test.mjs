// What the event's page vouches for: a note of the frozen tickets counts only if it was surely taken before the round was
// out, whatever the device's clock shows and whatever the site says.
// Needs: nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isChosen, vouchedDigest, Witness } from '../web/witness.js';
import { clocksNow, heardServerTime } from '../web/clock.js';

const DIGEST = 'ab'.repeat(32);
const ON_SALE = Date.parse('2030-01-01T10:00:00Z');
/** Draw 0 closes at the on-sale, its tickets are frozen within a second, and its round is out 4 s after it. */
const ROUND_OUT = ON_SALE + 4_000;
const ANNOUNCED = { on_sale_time: new Date(ON_SALE).toISOString(), draw_window_ms: 5_000, beacon: { genesis: ON_SALE / 1_000 - 5, period: 3 } };
const RECEIPT = `e30.${btoa(JSON.stringify({ event_id: 'e', draw: 0, shard: 0 }))}.e30`;

/**
 * A page in a world with a true time, which only sleeping and answers move on.
 * @param behind how far the device's clock is behind the true time, in ms
 * @param says what the site's `Date` is, given the true time; null for none
 * @param answerMs how long an answer takes
 */
function world(t, { start, behind = 0, says = (now) => new Date(now).toUTCString(), answerMs = 50, age = null, asked = [] }) {
  const clock = { now: start };
  t.mock.method(Date, 'now', () => clock.now - behind);
  t.mock.method(performance, 'now', () => clock.now - start);
  const headers = () => new Map(Object.entries({ Date: says(clock.now), Age: age }).filter(([, value]) => value !== null));
  const place = { value: { receipt: RECEIPT, announced: ANNOUNCED, is_witness: true }, store(value) { this.value = value; } };
  const ask = async () => {
    const sent = clocksNow();
    asked.push(clock.now);
    clock.now += answerMs;
    heardServerTime({ get: (name) => headers().get(name) ?? null }, sent);
    return { drawing: clock.now > ON_SALE + 500 ? { draw: 0, tickets_digest: DIGEST } : null };
  };
  const sleep = async (ms) => { clock.now += Math.max(0, ms); };
  return { place, witness: new Witness({ place, ask, sleep }), ask, clock };
}

async function noted(t, given, status = 'drawing') {
  const { place, witness, ask } = world(t, given);
  // Earlier answers of this site, so that nothing is left of another test's clock.
  await ask();
  await witness.heard({ status });
  assert.equal(vouchedDigest(place.value), place.value.tickets_digest ?? null, 'what is noted is what is vouched for');
  return vouchedDigest(place.value);
}

test('a note in time is vouched for', async (t) => {
  assert.equal(await noted(t, { start: ON_SALE + 600 }), DIGEST);
});

test('a page in the background asks at the close by itself, hours after its last answer', async (t) => {
  const asked = [];
  assert.equal(await noted(t, { start: ON_SALE - 7_200_000, asked }, 'pre_queue'), DIGEST);
  const [, ...after] = asked;
  assert.ok(after.every((at) => at >= ON_SALE - 1_500 && at < ROUND_OUT), `${after.map((at) => at - ON_SALE)}`);
});

test('a device whose clock is behind vouches for nothing after the round', async (t) => {
  for (const behind of [1_000, 5_000, 3_600_000]) {
    assert.equal(await noted(t, { start: ROUND_OUT + 1, behind }), null, `${behind}`);
  }
});

test('a device whose clock is behind still vouches for a note in time', async (t) => {
  assert.equal(await noted(t, { start: ON_SALE + 600, behind: 5_000, answerMs: 1 }), DIGEST);
});

test('a site that says an earlier time makes nothing early, and one that says none vouches for nothing', async (t) => {
  assert.equal(await noted(t, { start: ROUND_OUT + 1, says: (now) => new Date(now - 60_000).toUTCString() }), null);
  const silent = world(t, { start: ON_SALE + 600, says: () => 'no date at all' });
  // The newest answer that had a date was before the world began, so it is as if there were none.
  heardServerTime({ get: (name) => (name === 'Date' ? new Date(ROUND_OUT).toUTCString() : null) }, clocksNow());
  await silent.witness.heard({ status: 'drawing' });
  assert.equal(silent.place.value.tickets_digest, undefined);
});

test('an answer of a cache is as old as its age says', async (t) => {
  const says = (now) => new Date(now - 30_000).toUTCString();
  assert.equal(await noted(t, { start: ROUND_OUT + 1, behind: 60_000, says, age: '30' }), null);
  assert.equal(await noted(t, { start: ON_SALE + 600, says, age: '30', answerMs: 1 }), DIGEST);
  assert.equal(await noted(t, { start: ON_SALE + 600, says, age: 'old' }), null, 'an age that is no number says nothing');
});

test('the last millisecond before the round is in time, and the round itself is not', () => {
  const place = (notedBy) => ({ receipt: RECEIPT, announced: ANNOUNCED, tickets_digest: DIGEST, noted_by: notedBy });
  assert.equal(vouchedDigest(place(ROUND_OUT - 1)), DIGEST);
  assert.equal(vouchedDigest(place(ROUND_OUT)), null);
  assert.equal(vouchedDigest(place(Infinity)), null);
  assert.equal(vouchedDigest(place(undefined)), null, 'a note of an earlier version, which says no time');
  assert.equal(vouchedDigest(place(null)), null);
  assert.equal(vouchedDigest(null), null);
});

test('of ten million pages some ten thousands ask at the close', () => {
  for (const [joined, chance, chosen] of [[0, 0.99, true], [9_999, 0.99, true], [10_000, 0.999_999, true], [20_000, 0.49, true], [20_000, 0.51, false], [10_000_000, 0.000_9, true], [10_000_000, 0.001_1, false]]) {
    assert.equal(isChosen(joined, chance), chosen, `${joined} ${chance}`);
  }
  let expected = 0;
  for (let joined = 0; joined < 10_000_000; joined += 1) expected += Math.min(1, 10_000 / Math.max(1, joined));
  assert.ok(expected < 80_000, `${expected}`);
});
