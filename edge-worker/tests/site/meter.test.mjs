// A protected site with a meter: it fills at the set rate, stops at its limit, and is braked while it fails or is slow.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askEdge } from '../../../scripts/stack/signed.mjs';
import { BEHIND, Browser, edgeSite, KEY, OWN, putEvent } from './harness.mjs';

const EVENT = 'site-meter';
const PATH = '/metered/page';
const SLOW_MS = 1_000;
const [AT_ONCE, FANS] = [40, 90];
const release = (more) => ({ per_minute: 600, at_once: AT_ONCE, brake: { slow_ms: SLOW_MS }, ...more });
const settings = {
  policy: { gate: { paths: ['/metered/*'] }, limits: { polls_per_ticket_a_minute: 6_000, joins_per_address_a_minute: 6_000 }, release: release() },
  turn_ms: 60_000,
  shopping_ms: 600_000,
};

/** How the site answers: `well`, `failing` or `slow`. */
let mood = 'well';
let server;

before(async () => {
  server = createServer(async (_request, response) => {
    if (mood === 'slow') await sleep(2.5 * SLOW_MS);
    response.statusCode = mood === 'failing' ? 500 : 200;
    response.setHeader('content-type', 'text/html').end('The site answers');
  });
  await new Promise((resolve) => server.listen(new URL(BEHIND).port, '127.0.0.1', resolve));
  await edgeSite('start');
});
after(async () => {
  await edgeSite('stop');
  await new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
});

async function stats() {
  const { status, told } = await askEdge({ edge: OWN, key: KEY, method: 'GET', path: `/events/${EVENT}/stats` });
  assert.equal(status, 200, JSON.stringify(told));
  return told;
}

/** Asks again and again until it is so; what `each` says of every answer must hold meanwhile. */
async function until(what, isSo, withinMs, each = () => {}) {
  const began = Date.now();
  for (;;) {
    const told = await stats();
    each(told);
    if (isSo(told)) return told;
    assert.ok(Date.now() < began + withinMs, `${what} within ${withinMs} ms: ${JSON.stringify(told)}`);
    await sleep(250);
  }
}

/** A fan who joins, and then asks for the page until it is there. */
async function fan(isOver) {
  const browser = new Browser();
  await browser.ask(PATH);
  const joined = await browser.ask('/.stanchion/join', { method: 'POST', form: { event_id: EVENT, to: PATH } });
  assert.equal(joined.status, 303, joined.text);
  while (!isOver()) {
    const page = await browser.ask(PATH);
    if (page.status === 200 || page.status === 500) return browser;
    await sleep(page.status === 303 ? 0 : 1_000);
  }
  return undefined;
}

test('an empty site fills at its set rate and stops at its limit, and is braked while it fails or is slow', async () => {
  await putEvent(EVENT, settings);
  const opened = (await stats()).served;
  let isOver = false;
  let asks = false;
  const inside = [];
  const shoppers = [];
  const fans = Array.from({ length: FANS }, async () => {
    const browser = await fan(() => isOver);
    if (!browser) return;
    inside.push(browser);
    // Shoppers look at the site from time to time.
    shoppers.push((async () => {
      while (!isOver) {
        if (asks && browser.cookies.size > 0) await browser.ask(PATH);
        await sleep(400);
      }
    })());
  });
  const failed = [];
  fans.forEach((one) => one.catch((error) => failed.push(error)));

  // It fills. A fixed rate that keeps the limit would let one in every sixteen seconds.
  const kept = ({ sessions }) => assert.ok(sessions.active <= AT_ONCE * 1.05, `${sessions.active} of ${AT_ONCE}`);
  const first = await until('the first turn', ({ served }) => served > opened, 30_000, kept);
  const began = Date.parse(first.as_of);
  const some = await until('half of them', ({ served }) => served >= AT_ONCE / 2, 30_000, kept);
  const seconds = (Date.parse(some.as_of) - began) / 1_000;
  assert.ok(some.served - first.served <= seconds * 10 + 10, `${some.served - first.served} in ${seconds} s`);
  const full = await until('a full site', ({ sessions }) => sessions.active >= AT_ONCE * 0.9, 60_000, kept);
  assert.equal(full.meter.most_at_once, AT_ONCE);
  const later = Date.now() + 6_000;
  await until('some time', () => Date.now() > later, 20_000, kept);
  assert.deepEqual(failed, []);

  for (const [problem, cause] of [['failing', 'failures'], ['slow', 'slowness']]) {
    asks = true;
    mood = problem;
    const braked = await until(`a brake because the site is ${problem}`, ({ meter }) => meter.braked_by === cause, 40_000, kept);
    assert.ok(braked.meter.most_at_once < AT_ONCE, JSON.stringify(braked.meter));
    mood = 'well';
    const well = (meter) => meter.answers.failed + meter.answers.slow === 0 && meter.answers.well >= 20;
    await until('an end of it', ({ meter }) => well(meter), 40_000, kept);
  }

  // Some leave: there is less room than before, and the ones who wait get it again, now that the site is well.
  const leavers = inside.splice(0, 15);
  const before = (await stats()).sessions.over;
  for (const browser of leavers) {
    const left = await browser.ask('/.stanchion/leave', { method: 'POST', form: { event_id: EVENT, to: PATH } });
    assert.equal(left.status, 303, left.text);
    browser.cookies.clear();
  }
  const gone = await until('an end of their sessions', ({ sessions }) => sessions.over >= before + leavers.length, 15_000);
  await until('others in their place', ({ sessions }) => sessions.begun >= gone.sessions.begun + 5, 60_000, kept);
  isOver = true;
  await Promise.all([...fans, ...shoppers]);
  assert.deepEqual(failed, []);
});
