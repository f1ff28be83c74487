// Sessions in front of a site end when the site says so and when their people leave.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askEdge } from '../../../scripts/stack/signed.mjs';
import { BEHIND, Browser, claims, edgeSite, KEY, OWN, putEvent, SITE, untilEffective } from './harness.mjs';

const EVENT = 'site-sessions';
const [SESSION, TICKET] = [`stanchion-shop.${EVENT}`, `stanchion-ticket.${EVENT}`];
const DEAD_WITHIN_MS = 2_000;
let server;

before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/till/thanks') response.setHeader('stanchion-session', 'end');
    if (request.url === '/till/bought') response.setHeader('stanchion-session', 'bought');
    if (request.url === '/till/other') response.setHeader('stanchion-session', 'goes on');
    response.setHeader('content-type', 'text/html').end('The site answers');
  });
  await new Promise((resolve) => server.listen(new URL(BEHIND).port, '127.0.0.1', resolve));
  await edgeSite('start');
  await putEvent(EVENT, { policy: { gate: { paths: ['/till/*'] }, limits: { polls_per_ticket_a_minute: 6_000 } }, shopping_ms: 600_000 });
  await untilEffective();
});
after(async () => {
  await edgeSite('stop');
  await new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
});

/** A request with this shop token alone. */
const withToken = (token) => fetch(`${SITE}/till/seats`, { headers: { accept: 'application/json', 'shop-token': token } });

async function untilDead(token) {
  const since = Date.now();
  while ((await withToken(token)).status === 200) {
    const ms = Date.now() - since;
    assert.ok(ms <= DEAD_WITHIN_MS, `the token is still good after ${ms} ms`);
    await sleep(50);
  }
}

async function active() {
  const { status, told } = await askEdge({ edge: OWN, key: KEY, method: 'GET', path: `/events/${EVENT}/stats` });
  assert.equal(status, 200);
  return told.sessions.active;
}

async function untilActive(wanted) {
  const since = Date.now();
  while (await active() !== wanted) {
    assert.ok(Date.now() < since + 3_000, `${await active()} sessions instead of ${wanted}`);
    await sleep(100);
  }
}

test('a site ends the session of a request, and the header that says so reaches no client', async () => {
  const fan = new Browser();
  await fan.comeIn('/till/seats', EVENT);
  await untilActive(1);
  const token = fan.cookies.get(SESSION);
  const other = await fan.ask('/till/other');
  assert.equal(other.headers.get('stanchion-session'), null);
  assert.equal((await withToken(token)).status, 200, 'another word ends nothing');
  const bought = await fan.ask('/till/bought');
  assert.equal(bought.headers.get('stanchion-session'), null);
  await untilEffective();
  assert.equal((await withToken(token)).status, 200, 'who has bought may go on where everybody queues');

  const thanks = await fan.ask('/till/thanks');
  assert.equal(thanks.status, 200);
  assert.equal(thanks.headers.get('stanchion-session'), null);
  assert.equal(fan.cookies.has(SESSION), false, 'the browser keeps no token');
  await untilDead(token);
  await untilActive(0);

  // The person may come again.
  const page = await fan.ask('/till/seats');
  assert.equal(page.status, 503);
  await fan.comeIn('/till/seats', EVENT);
  assert.notEqual(fan.cookies.get(SESSION), token);
  assert.equal((await withToken(token)).status, 503, 'the first token stays dead');
  await fan.ask('/till/thanks');
  await untilActive(0);
});

test('who leaves while shopping is out, the slot is free, and the person may come again', async () => {
  const fan = new Browser();
  await fan.comeIn('/till/seats', EVENT);
  await untilActive(1);
  const token = fan.cookies.get(SESSION);
  const left = await fan.ask('/.stanchion/leave', { method: 'POST', form: { event_id: EVENT, to: '/till/seats' } });
  assert.equal(left.status, 303, left.text);
  assert.deepEqual([SESSION, TICKET].map((name) => fan.cookies.has(name)), [false, false]);
  const page = await fan.ask(left.headers.get('location'));
  assert.match(page.text, /left/);
  await untilDead(token);
  await untilActive(0);
  await fan.comeIn('/till/seats', EVENT);
  assert.equal((await withToken(token)).status, 503, 'the first token stays dead');
  assert.equal((await withToken(fan.cookies.get(SESSION))).status, 200);
  await fan.ask('/till/thanks');
  await untilActive(0);
});

test('a session that nobody uses is over, and one that is used lives on', async () => {
  const idleMs = 30_000;
  const gate = { paths: ['/till/*'], idle_ms: idleMs };
  await putEvent(EVENT, { policy: { gate, limits: { polls_per_ticket_a_minute: 6_000 } }, shopping_ms: 600_000 });
  await untilEffective();
  const [user, idler] = [new Browser(), new Browser()];
  await user.comeIn('/till/seats', EVENT);
  await idler.comeIn('/till/seats', EVENT);
  await untilActive(2);
  const [first, idle] = [user, idler].map((fan) => claims(fan.cookies.get(SESSION)));
  for (const { exp } of [first, idle]) {
    const inMs = exp * 1_000 - Date.now();
    assert.ok(inMs <= idleMs && inMs > idleMs - 10_000, `the token ends in ${inMs} ms`);
  }
  const began = Date.now();
  while (Date.now() < began + idleMs + 6_000) {
    assert.equal((await user.ask('/till/seats')).status, 200, `after ${Date.now() - began} ms`);
    await sleep(2_000);
  }
  const last = claims(user.cookies.get(SESSION));
  assert.equal(last.jti, first.jti, 'the same session');
  assert.ok(last.exp >= first.exp + 10, `${last.exp} after ${first.exp}`);
  await untilActive(1);
  assert.equal((await idler.ask('/till/seats')).status, 503);
  await user.ask('/till/thanks');
  await untilActive(0);
});

test('a header of that name from a page that nobody guards ends nothing and reaches no client', async () => {
  const answer = await fetch(`${SITE}/free`, { headers: { 'stanchion-session': 'end' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('stanchion-session'), null);
});
