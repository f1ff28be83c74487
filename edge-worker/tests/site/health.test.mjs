// A protected site that reports its health: while it is unhealthy no fan is admitted, and no fan loses a turn by it.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BEHIND, Browser, claims, edgeSite, OWN, putEvent } from './harness.mjs';

const EVENT = 'site-five';
const SESSION = `stanchion-shop.${EVENT}`;
const TICKET = `stanchion-ticket.${EVENT}`;
const [TURN_MS, SHOPPING_MS, LEASE_MS, EVERY_MS] = [15_000, 20_000, 10_000, 2_000];
const release = { per_minute: 60_000, at_once: 1_000_000, health_path: '/up?deep=1' };
let health = 200;
let asked = 0;
let server;

before(async () => {
  server = createServer((request, response) => {
    if (request.url === release.health_path) {
      asked += 1;
      if (health === 'hangs') return;
      response.statusCode = health;
    }
    response.setHeader('content-type', 'text/html').end('The site answers');
  });
  await new Promise((resolve) => server.listen(new URL(BEHIND).port, '127.0.0.1', resolve));
  await edgeSite('start');
});
after(async () => {
  // Its event guards every path: the tests that come after it have events of their own.
  health = 204;
  await putEvent(EVENT, { policy: { gate: { paths: ['/nothing/*'] }, release }, turn_ms: TURN_MS, shopping_ms: SHOPPING_MS });
  await edgeSite('stop');
  await new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
});

const queue = async () => (await fetch(`${OWN}/api/v1/events/${EVENT}/queue`)).json();
const schedule = async () => (await fetch(`${OWN}/api/v1/events/${EVENT}/schedule`)).json();

/** Where a fan's ticket stands, as somebody sees it who is not that fan: a turn is told and not claimed. */
async function standing(fan) {
  const answer = await fetch(`${OWN}/api/v1/queue/status`, { headers: { 'queue-token': fan.cookies.get(TICKET) } });
  return (await answer.json()).status;
}

async function join(fan) {
  await fan.ask('/');
  const joined = await fan.ask('/.stanchion/join', { method: 'POST', form: { event_id: EVENT, to: '/' } });
  assert.equal(joined.status, 303, joined.text);
}

async function until(what, isSo, withinMs) {
  const began = Date.now();
  while (!(await isSo())) {
    assert.ok(Date.now() < began + withinMs, `${what} within ${withinMs} ms`);
    await sleep(200);
  }
}

test('a site that goes down and comes back stops admission meanwhile, and nobody loses a turn or a session', async () => {
  await putEvent(EVENT, { policy: { limits: { polls_per_ticket_a_minute: 6_000 }, release }, turn_ms: TURN_MS, shopping_ms: SHOPPING_MS });
  const [shopper, turned, late] = [new Browser(), new Browser(), new Browser()];
  await until('the on-sale', async () => (await queue()).phase === 'on_sale', 10_000);

  // No fan is there yet.
  const opened = Date.now();
  await until('some time', async () => (await queue(), Date.now() > opened + 2 * EVERY_MS), 4 * EVERY_MS);
  assert.equal(asked, 0);

  // While it is well admission goes on, longer than one lease.
  await join(new Browser());
  const [before, began] = [asked, Date.now()];
  await until('asked', async () => (await queue(), Date.now() > began + LEASE_MS + 3_000), LEASE_MS + 6_000);
  const questions = asked - before;
  assert.ok(questions >= 3 && questions <= (Date.now() - began) / EVERY_MS + 2, `${questions}`);
  // Also while nobody asks anything.
  await sleep(LEASE_MS + 2_000);
  assert.equal((await queue()).phase, 'on_sale');
  assert.deepEqual((await schedule()).stops, []);

  // A session that began and a turn that came shortly before the stop.
  assert.match((await shopper.comeIn('/', EVENT)).text, /The site answers/);
  const session = claims(shopper.cookies.get(SESSION));
  health = 503;
  await join(turned);
  await until('the turn', async () => (await standing(turned)) === 'your_turn', 8_000);
  const downAt = Date.now();
  await until('the stop', async () => (await queue()).phase === 'stopped', LEASE_MS + 4_000);
  const stopped = (await queue()).served;
  await join(late);
  health = 'hangs';
  // Longer than a turn waits and a session lasts.
  while (Date.now() < downAt + Math.max(TURN_MS, SHOPPING_MS) + LEASE_MS) {
    assert.equal((await queue()).phase, 'stopped');
    assert.equal((await queue()).served, stopped, 'nobody is admitted');
    const told = await standing(late);
    assert.ok(['drawing', 'paused'].includes(told), told);
    assert.equal(await standing(turned), 'your_turn');
    await sleep(500);
  }

  health = 204;
  await until('admission', async () => (await queue()).phase === 'on_sale', 10_000);
  assert.match((await turned.arrive('/')).text, /The site answers/);
  assert.match((await late.arrive('/')).text, /The site answers/);
  const again = await shopper.arrive('/');
  assert.match(again.text, /The site answers/);
  const renewed = claims(shopper.cookies.get(SESSION));
  assert.equal(renewed.jti, session.jti, 'the same session');
  assert.ok(renewed.exp * 1_000 > Date.now(), 'with the time that it had left');
  const { stops } = await schedule();
  assert.ok(stops.length >= 1, JSON.stringify(stops));
});
