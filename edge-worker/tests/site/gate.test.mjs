// The waiting room in front of a protected site: which requests pass, what the site sees of them, and what ends a session.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Browser, claims, echoSite, edgeSite, FOR_CDNS, OWN, putEvent, untilEffective } from './harness.mjs';

const EVENT = 'site-one';
const SESSION = `stanchion-shop.${EVENT}`;
const gate = {
  paths: ['/shop/*'],
  bypass: [
    { path: '/shop/help' },
    { header: { name: 'x-staff', sha256: createHash('sha256').update('a secret').digest('hex') } },
  ],
};
let site;

before(async () => {
  site = await echoSite();
  await edgeSite('start');
});
after(async () => {
  await edgeSite('stop');
  await site.close();
});

test('before a queue is opened everybody passes', async () => {
  assert.match((await new Browser().ask('/shop')).text, /The site answers \/shop/);
});

test('only what the rules name is guarded, and a bypass passes', async () => {
  await putEvent(EVENT, { policy: { gate } });
  await untilEffective();
  const fan = new Browser();
  for (const [path, headers, passes] of [
    ['/', {}, true],
    ['/shopping', {}, true],
    ['/shop', {}, false],
    ['/shop/seats?row=1', {}, false],
    ['/shop/help', {}, true],
    ['/shop', { 'x-staff': 'a secret' }, true],
    ['/shop', { 'x-staff': 'a guess' }, false],
    ['/shop', { 'shop-token': 'forged' }, false],
  ]) {
    const page = await fan.ask(path, { headers });
    assert.equal(page.text.includes('The site answers'), passes, `${path} ${JSON.stringify(headers)}`);
    assert.equal(page.status, passes ? 200 : 503);
  }
  assert.ok(site.seen.every(({ headers }) => !headers['shop-token'] && !headers.cookie?.includes('stanchion')));
});

test('who waits is sent a page that no cache keeps, or JSON to who asks for it', async () => {
  const page = await new Browser().ask('/shop');
  assert.equal(page.status, 503);
  assert.ok(Number(page.headers.get('retry-after')) > 0);
  assert.equal(page.headers.get('x-robots-tag'), null);
  assert.match(page.text, /A &lt;site&gt;/);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  assert.match(page.headers.getSetCookie()[0], /^stanchion-visitor=.+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  const app = await new Browser().ask('/shop', { accept: 'application/json' });
  assert.equal(app.status, 503);
  assert.ok(Number(app.headers.get('retry-after')) > 0);
  const { error, event_id: event, queue } = JSON.parse(app.text);
  assert.deepEqual({ error, event, queue }, { error: 'in_queue', event: EVENT, queue: null });
});

test('a browser without script joins by a form, waits by refreshing, and comes in with a session that any library verifies', async () => {
  const fan = new Browser();
  const page = await fan.comeIn('/shop/seats', EVENT);
  assert.match(page.text, /The site answers \/shop\/seats/);
  assert.deepEqual([fan.cookies.get('basket'), fan.cookies.get('lang')], ['1', 'en'], 'every cookie of the site arrives');

  const { headers } = site.seen.at(-1);
  const { payload } = await jwtVerify(headers['shop-token'], createRemoteJWKSet(new URL(`${OWN}/.well-known/jwks.json`)), {
    issuer: 'https://queue.stanchion.test', audience: 'stanchion-origin', algorithms: ['EdDSA'], typ: 'shop+jwt',
  });
  assert.equal(payload.event, EVENT);
  assert.ok(payload.place >= 1);
  await fan.ask('/shop');
  assert.equal(site.seen.at(-1).headers.cookie, 'basket=1; lang=en', 'the site sees its own cookies and none of ours');
  assert.equal(fan.cookies.get(SESSION), headers['shop-token']);
});

test('a guarded answer is kept by no CDN, whatever the site says to them', async () => {
  const fan = new Browser();
  const guarded = await fan.comeIn('/shop', EVENT);
  const open = await fan.ask('/elsewhere');
  for (const [name, value] of Object.entries(FOR_CDNS)) {
    assert.equal(guarded.headers.get(name), null, name);
    assert.equal(open.headers.get(name), value, name);
  }
  assert.equal(guarded.headers.get('cache-control'), 'private, no-store');
});

test('who has signed in at the site by Basic joins, waits and comes in like everybody', async () => {
  class SignedIn extends Browser {
    ask(path, options = {}) {
      return super.ask(path, { ...options, headers: { authorization: 'Basic eDp5', ...options.headers } });
    }
  }
  const fan = new SignedIn();
  const page = await fan.comeIn('/shop/seats', EVENT);
  assert.match(page.text, /The site answers/);
  assert.equal(site.seen.at(-1).headers.authorization, 'Basic eDp5', 'it is the site’s');
});

test('a write with the cookie must come from a page of the site', async () => {
  const fan = new Browser();
  await fan.comeIn('/shop', EVENT);
  const before = site.seen.length;
  for (const origin of ['https://evil.example', 'null']) {
    const refused = await fan.ask('/shop/basket', { method: 'POST', form: { seat: 1 }, headers: { origin } });
    assert.equal(refused.status, 403, origin);
  }
  assert.equal(site.seen.length, before);
  const taken = await fan.ask('/shop/basket', { method: 'POST', form: { seat: 1 } });
  assert.equal(taken.status, 200);
  assert.equal(site.seen.at(-1).body, 'seat=1');
});

test('the form refuses a way back that leaves the site, another site’s page, and a stranger', async () => {
  const fan = new Browser();
  await fan.ask('/shop');
  const post = (form, headers = {}) => fan.ask('/.stanchion/join', { method: 'POST', form, headers });
  assert.equal((await post({ event_id: EVENT, to: '//evil.example' })).status, 400);
  assert.equal((await post({ event_id: EVENT, to: 'https://evil.example/' })).status, 400);
  assert.equal((await post({ event_id: EVENT })).status, 400);
  assert.equal((await post({ event_id: EVENT, to: '/shop' }, { origin: 'https://evil.example' })).status, 403);
  fan.cookies.clear();
  assert.equal((await post({ event_id: EVENT, to: '/shop' })).status, 401);
});

test('one session is revoked within two seconds, then all are, and other fans are not', async () => {
  const [one, other] = [new Browser(), new Browser()];
  await one.comeIn('/shop', EVENT);
  await other.comeIn('/shop', EVENT);
  const passes = async (fan) => (await fan.ask('/shop')).text.includes('The site answers');
  const revoked = { ...gate, revoked_sessions: [claims(one.cookies.get(SESSION)).jti] };
  const { effective_at: at } = await putEvent(EVENT, { policy: { gate: revoked } });
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, new Date(at) - Date.now())));
  assert.equal(await passes(one), false);
  assert.equal(await passes(other), true);
  await putEvent(EVENT, { policy: { gate: { ...gate, revoked_before: new Date().toISOString() } } });
  await untilEffective();
  assert.equal(await passes(other), false);
});

test('an admin opens the gate for all, closes it for all, and takes every bypass away', async () => {
  const texts = async () => {
    const plain = await new Browser().ask('/shop');
    const staff = await new Browser().ask('/shop', { headers: { 'x-staff': 'a secret' } });
    return [plain.status, plain.text.includes('The site answers'), staff.text.includes('The site answers')];
  };
  for (const [mode, expected] of [
    ['passthrough', [200, true, true]],
    ['reject', [503, false, false]],
    ['queue_all', [503, false, false]],
    ['queue', [503, false, true]],
  ]) {
    await putEvent(EVENT, { policy: { gate: { ...gate, mode } } });
    await untilEffective();
    assert.deepEqual(await texts(), expected, mode);
  }
});

test('where sessions are renewed, half a session later it ends later', async () => {
  await putEvent(EVENT, { shopping_ms: 10_000, policy: { gate: { ...gate, renew_sessions: true } } });
  await untilEffective();
  const fan = new Browser();
  await fan.comeIn('/shop', EVENT);
  const first = claims(fan.cookies.get(SESSION));
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  await fan.ask('/shop');
  const renewed = claims(fan.cookies.get(SESSION));
  assert.equal(renewed.jti, first.jti);
  assert.ok(renewed.exp >= first.exp + 4, `${renewed.exp} after ${first.exp}`);
});

test('a put with longer sessions lengthens none that has begun', async () => {
  await putEvent(EVENT, { shopping_ms: 10_000, policy: { gate } });
  await untilEffective();
  const fan = new Browser();
  await fan.comeIn('/shop', EVENT);
  const first = claims(fan.cookies.get(SESSION));
  assert.ok(first.ends_ms >= first.began_ms + 10_000 && first.exp === Math.floor(first.ends_ms / 1_000));
  await putEvent(EVENT, { shopping_ms: 60_000, policy: { gate: { ...gate, renew_sessions: true } } });
  await untilEffective();
  assert.equal((await fan.ask('/shop')).status, 200);
  assert.equal(claims(fan.cookies.get(SESSION)).exp, first.exp);
});
