// Many isolates read an event's snapshot all the time: here 64 of them in one workerd, with one set of objects, as many
// data centres have them. How often the coordinator is asked is counted at its door.
// Needs: a stack.
// Breaks: nothing, and needs a quiet machine.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askEdge } from '../../../scripts/stack/signed.mjs';
import { startIsolates } from './isolates.mjs';

const ISOLATES = 64;
/** As edge-worker/src/reading/fan_out.rs has it; all of these isolates are on one continent. */
const RELAYS = 8;
const ASKED_A_SECOND = 4;
const POLLED_FOR_MS = 6_000;
const EACH_POLLS_EVERY_MS = 100;

const event = `fan-out-${Date.now().toString(36)}`;
let edge;

before(async () => { edge = await startIsolates(ISOLATES); });
after(async () => { await edge?.stop(); });

test('while 64 isolates are polled, the coordinator is asked a few times a second by each relay', { timeout: 120_000 }, async (t) => {
  const put = { version: 1, name: 'Fan-out', on_sale_time: new Date(Date.now() + 600_000).toISOString(), shards: 4, draw_window_ms: 5_000, turn_ms: 60_000, shopping_ms: 60_000, challenge_max_number: 1_000 };
  const opened = await askEdge({ edge: edge.url, key: process.env.STANCHION_CONTROL_KEY, method: 'PUT', path: `/events/${event}`, body: JSON.stringify(put) });
  assert.equal(opened.status, 200, JSON.stringify(opened.told));
  await poll(0); // isolates that have answered once are compiled

  const [before, began] = [await edge.counts(), Date.now()];
  const polls = await poll(POLLED_FOR_MS);
  const seconds = (Date.now() - began) / 1000;
  const now = await edge.counts();
  const asked = (name) => (now[name] ?? 0) - (before[name] ?? 0);
  const [coordinator, relays] = [asked('Coordinator.Read.Snapshot'), asked('Relay.Read.Snapshot')];
  t.diagnostic(`${polls} polls of ${ISOLATES} isolates in ${seconds.toFixed(1)} s: relays were asked ${relays} times, the coordinator ${coordinator} times`);

  const whole = Object.entries(now).filter(([name]) => name.startsWith('Coordinator.')).map(([name]) => name);
  assert.deepEqual(whole.filter((name) => asked(name) > 0), ['Coordinator.Read.Snapshot'], 'polls ask it nothing else');
  assert.ok(coordinator <= RELAYS * (ASKED_A_SECOND * seconds + 1), `${coordinator} questions in ${seconds} s`);
  assert.ok(coordinator >= 2, 'it was asked, and counted');
  // Isolates of one data centre share what one of them fetched in the last half second.
  assert.ok(relays <= ISOLATES * (seconds + 1), `${relays} questions to relays in ${seconds} s`);
  assert.ok(polls > 4 * relays, 'and most polls asked nobody');
});

/** Each isolate for so long, one poll after the other, and at least once. @returns polls, all of them answered well */
async function poll(ms) {
  const until = Date.now() + ms;
  const each = Array.from({ length: ISOLATES }, async (_, isolate) => {
    let polls = 0;
    do {
      const answer = await fetch(`${edge.url}/edge${isolate}/api/v1/events/${event}/queue`);
      const told = await answer.json();
      assert.equal(answer.status, 200, JSON.stringify(told));
      assert.equal(told.event_id, event);
      polls += 1;
      if (ms > 0) await sleep(EACH_POLLS_EVERY_MS);
    } while (Date.now() < until);
    return polls;
  });
  return (await Promise.all(each)).reduce((sum, polls) => sum + polls);
}
