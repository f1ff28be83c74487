// Several sites and Stanchion's own shop behind one edge: each is reached at its own hosts alone, and guarded by its own events
// alone. What holds is read back.
// Needs: edge-sites.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { edgeSite, putEvent as put, untilEffective } from './harness.mjs';
import { askHost, control, HostBrowser, severalSites, SITES_OWN } from './several.mjs';

const ONE_GATE = {
  rules: [
    { hosts: ['One.test.'], paths: ['/buy*'] },
    { hosts: ['*.one.test'], paths: ['/cart*'], methods: ['POST', 'DELETE'] },
    { paths: ['/index.php'], query: [{ parameter: 'action', value: 'buy' }, { parameter: 'event' }] },
  ],
};
const putEvent = (event, settings) => put(event, { edge: SITES_OWN, ...settings });
let sites;

before(async () => {
  sites = await severalSites();
  await edgeSite('start', 'edge-sites');
  await putEvent('sites-one', { policy: { gate: ONE_GATE } });
  await putEvent('sites-one-b', { policy: { gate: { paths: ['/b/*'] } } });
  await putEvent('sites-two', { policy: { gate: { paths: ['/buy*'] }, release: { per_minute: 60_000, at_once: 1_000_000, health_path: '/up' } } });
  await untilEffective();
});
after(async () => {
  await edgeSite('stop', 'edge-sites');
  await sites.close();
});

test('each host reaches its own site, and a host of no site reaches none', async () => {
  for (const [host, site] of [
    ['one.test', 'one'], ['ONE.Test', 'one'], ['one.test.', 'one'], ['one.test:80', 'one'], ['one.test:443', 'one'],
    ['shop.one.test', 'one'], ['a.b.one.test', 'one'], ['two.test', 'two'], ['three.test:8443', 'three'], ['THREE.test.:8443', 'three'],
  ]) {
    sites.forget();
    const page = await askHost(host, '/news?a=b');
    assert.deepEqual([page.status, page.site], [200, site], host);
    const reached = Object.entries(sites.seen).filter(([, seen]) => seen.length > 0);
    assert.deepEqual(reached.map(([name, seen]) => [name, seen.length]), [[site, 1]], host);
    const { headers } = sites.seen[site][0];
    assert.match(headers.host, /^127\.0\.0\.1:\d+$/, 'the site’s own');
    const canonical = host.toLowerCase().replace(/\.?(:80|:443)?$/, '').replace('.:', ':');
    assert.equal(headers['x-forwarded-host'], canonical, 'in one form, whatever the client wrote');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.match(headers.forwarded, new RegExp(`host="${canonical}"`));
  }
  sites.forget();
  for (const host of [
    'three.test', 'three.test:443', 'two.test:8443', 'one.test:9999', 'sub.two.test', 'test', 'evil-one.test', 'one.test.evil.test', 'xone.test', '127.0.0.1', 'localhost',
    'shop.test.one', 'evil.test',
  ]) {
    for (const [method, target] of [['GET', '/news'], ['POST', '/buy'], ['GET', '/.stanchion/left'], ['GET', '/api/v1/events']]) {
      const refused = await askHost(host, target, { method, headers: { accept: 'application/json' } });
      assert.deepEqual([refused.status, JSON.parse(refused.text).error], [421, 'host_unknown'], `${host} ${method} ${target}`);
    }
  }
  // What no host can be is refused by the runtime or by us.
  for (const host of ['one.test@two.test', 'one.test/two.test', 'one.test,two.test', 'one.test two.test', '[one.test]', '']) {
    const refused = await askHost(host, '/news').catch(() => ({ status: 400, site: null }));
    assert.deepEqual([refused.site, refused.status >= 400], [null, true], host);
  }
  assert.deepEqual(Object.values(sites.seen).flat(), []);
  const page = await askHost('evil.test', '/');
  assert.deepEqual([page.status, page.headers['content-type']], [421, 'text/html; charset=utf-8'], 'a person sees a page');
  const style = /<link rel="stylesheet" href="([^"]+)">/.exec(page.text)[1];
  assert.equal((await askHost('evil.test', style)).status, 200, 'with its style');
});

test('the addresses below /.stanchion/ know the events of their host alone', async () => {
  for (const [host, event, status] of [['one.test', 'sites-one-b', 200], ['two.test', 'sites-two', 200], ['one.test', 'sites-two', 404]]) {
    const queue = await askHost(host, `/.stanchion/api/v1/events/${event}/queue`);
    assert.equal(queue.status, status, `${event} at ${host}`);
  }
  const form = new URLSearchParams({ event_id: 'sites-two', to: '/buy' }).toString();
  const joined = await askHost('one.test', '/.stanchion/join', { method: 'POST', body: form, headers: { origin: 'http://one.test' } });
  assert.equal(joined.status, 404);
});

test('headers that name another host lead nowhere else', async () => {
  sites.forget();
  for (const name of ['x-forwarded-host', 'x-host', 'x-original-host', 'forwarded', 'x-original-url', 'x_forwarded_host']) {
    const page = await askHost('one.test', '/news', { headers: { [name]: name === 'forwarded' ? 'host=two.test' : 'two.test' } });
    assert.equal(page.site, 'one', name);
  }
  assert.ok(sites.seen.one.every(({ headers }) => headers['x-forwarded-host'] === 'one.test' && !headers['x-original-url']));
  // An address in place of a path: whatever the runtime makes of it, a guard of one site is none of another.
  const strange = await askHost('one.test', 'http://two.test/buy').catch(() => ({ site: null }));
  assert.equal(strange.site, null);
  assert.deepEqual(sites.seen.two, []);
});

test('an event guards by host, method and query, in every spelling', async () => {
  sites.forget();
  for (const [method, host, target, guarded] of [
    ['GET', 'one.test', '/buy', true],
    ['GET', 'ONE.test.:80', '/BUY/x', true],
    ['GET', 'shop.one.test', '/buy', false],
    ['POST', 'shop.one.test', '/cart', true],
    ['DELETE', 'a.shop.one.test', '/cart/1', true],
    ['GET', 'shop.one.test', '/cart', false],
    ['HEAD', 'shop.one.test', '/cart', false],
    ['PURGE', 'shop.one.test', '/cart', true],
    ['POST', 'one.test', '/cart', false],
    ['POST', 'two.test', '/cart', false],
    ['GET', 'one.test', '/index.php', false],
    ['GET', 'one.test', '/index.php?action=buy', false],
    ['GET', 'one.test', '/index.php?action=show&event=7', false],
    ['GET', 'one.test', '/index.php?utm_source=caf%E9&q=100%25', false],
    ['GET', 'one.test', '/index.php?action=buy&event=7', true],
    ['GET', 'shop.one.test', '/index.php?event&action=buy', true],
    ['GET', 'one.test', '/index.php?Action=BUY&event=7', true],
    ['GET', 'one.test', '/index.php?%61ction=buy&event=7', true],
    ['GET', 'one.test', '/index.php?action=show&action=buy&event=7', true],
    ['GET', 'one.test', '/index.php?action[]=buy&event=7', true],
    ['GET', 'one.test', '/index.php?action=%2562uy&event=7', true],
    ['GET', 'one.test', '/index.php?x;action=buy&event=7', true],
    ['GET', 'one.test', '/index.php%3Faction=buy&event=7', true],
    ['POST', 'one.test', '/index.php', true],
    ['GET', 'two.test', '/index.php?action=buy&event=7', false],
    ['GET', 'two.test', '/buy', true],
    ['GET', 'three.test:8443', '/buy', false],
  ]) {
    const page = await askHost(host, target, { method, body: method === 'POST' ? 'a=1' : undefined });
    assert.equal(page.status, guarded ? 503 : 200, `${method} ${host} ${target}`);
  }
  assert.ok(sites.seen.one.every(({ url }) => !/buy/i.test(url) || ['/buy', '/index.php?action=buy'].includes(url)));
});

test('a content in pieces and without a type is a content for rules by query', async () => {
  sites.forget();
  for (const [method, target, pieces] of [['GET', '/index.php', 'action=buy&event=7'], ['OPTIONS', '/index.php', 'action=buy&event=7'], ['GET', '/index.php?action=show']]) {
    const passes = pieces === undefined;
    const page = await askHost('one.test', target, { method, headers: passes ? {} : { 'transfer-encoding': 'chunked' }, pieces });
    // Where the runtime hides that there is a content, the request is refused.
    assert.ok((passes ? [200] : [411, 503]).includes(page.status), `${method} ${target}: ${page.status}`);
  }
  assert.deepEqual(sites.seen.one.map(({ url }) => url), ['/index.php?action=show']);
});

test('a session opens its own event’s site, and nothing of another site, of another event or of the shop', async () => {
  const fan = new HostBrowser('one.test');
  const page = await fan.comeIn('/buy/seats', 'sites-one');
  assert.equal(page.site, 'one');
  const token = sites.seen.one.at(-1).headers['shop-token'];
  assert.ok(token);
  assert.equal((await fan.ask('/b/seats')).status, 503, 'another event of the same site');

  sites.forget();
  for (const headers of [
    { 'shop-token': token },
    { cookie: `stanchion-shop.sites-one=${token}` },
    { cookie: `stanchion-shop.sites-two=${token}` },
    { cookie: [...fan.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  ]) {
    const refused = await askHost('two.test', '/buy', { headers });
    assert.ok([403, 503].includes(refused.status), `${refused.status} ${JSON.stringify(headers)}`);
    assert.equal((await askHost('two.test', '/news', { headers })).site, 'two', 'what is open stays open');
  }
  assert.ok(sites.seen.two.every(({ url, headers }) => url === '/news' && !headers['shop-token'] && !headers.cookie?.includes('stanchion')));
  const cart = await askHost('shop.test', '/api/v1/cart', { headers: { 'shop-token': token, accept: 'application/json' } });
  assert.deepEqual([cart.status, JSON.parse(cart.text).error], [403, 'token_for_other_event']);
  // And at its own site it opens every host that the event guards.
  assert.equal((await askHost('shop.one.test', '/cart', { method: 'DELETE', headers: { 'shop-token': token } })).site, 'one');
});

test('the queue’s own addresses are at every host of a site, and its cookies and ways back stay there', async () => {
  for (const [host, status] of [['one.test', 200], ['x.one.test', 200], ['two.test', 404], ['three.test:8443', 404]]) {
    assert.equal((await askHost(host, '/.stanchion/healthz')).status, 200, host);
    assert.equal((await askHost(host, '/.stanchion/api/v1/events/sites-one/queue')).status, status, host);
  }
  const fan = new HostBrowser('two.test');
  const waiting = await fan.ask('/buy?seat=1');
  assert.equal(waiting.status, 503);
  assert.ok(waiting.headers['set-cookie'].every((line) => /; Path=\/;/.test(line) && !/domain/i.test(line)));
  const joined = await fan.ask('/.stanchion/join', { form: { event_id: 'sites-two', to: '/buy?seat=1' } });
  assert.deepEqual([joined.status, joined.headers.location], [303, '/buy?seat=1']);
  const refused = await fan.ask('/.stanchion/join', { form: { event_id: 'sites-two', to: '//one.test/' } });
  assert.equal(refused.status, 400);
  const foreign = await fan.ask('/.stanchion/leave', { form: { event_id: 'sites-two', to: '/' }, headers: { origin: 'http://one.test' } });
  assert.equal(foreign.status, 403, 'a page of another site of the deployment is another site');
});

test('Stanchion’s own shop is at its host beside the sites', async () => {
  sites.forget();
  const page = await askHost('shop.test', '/');
  assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8']);
  assert.equal((await askHost('shop.test', '/api/v1/events')).status, 200);
  assert.equal((await askHost('shop.test', '/buy')).status, 404);
  assert.equal((await askHost('one.test', '/.stanchion/api/v1/events')).status, 404, 'the shop is not at a site');
  assert.deepEqual(Object.values(sites.seen).flat(), []);
});

test('an event’s own site is asked for its health, and no other', async () => {
  const fan = new HostBrowser('two.test');
  assert.equal((await fan.comeIn('/buy', 'sites-two')).site, 'two');
  for (const until = Date.now() + 15_000; sites.asked.two.length === 0;) {
    assert.ok(Date.now() < until, 'the site is asked within 15 s');
    await fan.ask('/.stanchion/api/v1/events/sites-two/queue');
    await sleep(500);
  }
  assert.deepEqual([sites.asked.one, sites.asked.three], [[], []]);
});

test('what holds is read back, and can be put again', async () => {
  await putEvent('sites-one', { policy: { gate: ONE_GATE } });
  const wanted = put.last;
  const { status, told } = await control('GET', '/events/sites-one');
  assert.equal(status, 200);
  assert.equal(told.version, wanted.version);
  assert.deepEqual(told.policy.gate.rules, [{ ...ONE_GATE.rules[0], hosts: ['one.test'] }, ...ONE_GATE.rules.slice(1)]);
  assert.deepEqual([told.name, told.shards, told.turn_ms, told.policy.release.per_minute], [wanted.name, 1, 60_000, 60_000]);
  assert.equal(told.policy.gate.mode, 'queue', 'defaults are told, too');
  assert.equal(new Date(told.on_sale_time).getTime(), new Date(wanted.on_sale_time).getTime());
  for (const name of ['STANCHION_CONTROL_KEY', 'STANCHION_CHALLENGE_KEY', 'STANCHION_TICKET_KEYS', 'STANCHION_SIGNING_KEYS']) {
    assert.ok(!JSON.stringify(told).includes(process.env[name]), name);
  }
  const again = await control('PUT', '/events/sites-one', { ...told, version: told.version + 1 });
  assert.equal(again.status, 200, JSON.stringify(again.told));
  assert.deepEqual((await control('GET', '/events/sites-one')).told, { ...told, version: told.version + 1 });

  assert.equal((await control('GET', '/events/sites-none')).told.error, 'event_unknown');
  const list = await control('GET', '/events?page=0');
  assert.equal(list.status, 200);
  const siteOf = Object.fromEntries(list.told.events.map(({ event_id: event, site }) => [event, site]));
  assert.deepEqual([siteOf['sites-one'], siteOf['sites-one-b'], siteOf['sites-two']], ['one', 'one', 'two']);
  assert.deepEqual([list.told.page, list.told.next_page], [0, null]);
  assert.deepEqual((await control('GET', '/events?page=1')).told.events, []);
  assert.equal((await control('GET', '/events?page=101')).told.error, 'invalid_field');
  for (const path of ['/events', '/events/sites-one']) {
    const { status, text } = await askHost('one.test', `/.stanchion/api/v1/control${path}`);
    assert.deepEqual([status, JSON.parse(text).error], [401, 'control_signature'], path);
  }
});

test('a put is refused or warned of where a rule cannot do what its author expects', async () => {
  const warned = await putEvent('sites-two', { policy: {
    gate: { paths: ['/buy*'], rules: [{ hosts: ['one.test'], methods: ['POST'] }] },
    release: { per_minute: 60_000, at_once: 1_000_000, health_path: '/up' },
  } });
  assert.deepEqual(warned.warnings, ['gate.rules[0].hosts: the site two is not at one.test.']);
  for (const [rules, error] of [
    [[{}], 'out_of_range'],
    [[{ hosts: ['https://one.test'] }], 'malformed_body'],
    [[{ methods: ['get'] }], 'malformed_body'],
    [[{ query: [{ parameter: 'a b' }] }], 'out_of_range'],
    [[{ origin: 'http://169.254.169.254' }], 'malformed_body'],
  ]) {
    const refused = await control('PUT', '/events/sites-two', { ...put.last, version: put.last.version + 1, policy: { gate: { rules } } });
    assert.equal(refused.told.error, error, JSON.stringify(rules));
  }
});
