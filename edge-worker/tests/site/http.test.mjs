// HTTP between a client, the gate and the site: methods, header bytes, headers that end at the gate, and those that it makes.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser, echoSite, edgeSite, putEvent, raw, untilEffective } from './harness.mjs';

const EVENT = 'site-http';
const SPIN = process.env.STANCHION_STACK_RUNTIME === 'spin';
let site;

before(async () => {
  site = await echoSite();
  await edgeSite('start');
  await putEvent(EVENT, { policy: { gate: { paths: ['/basket/*'] } } });
  await untilEffective();
});
after(async () => {
  await edgeSite('stop');
  await site.close();
});

/** The bytes of a header as the site got it, each as one character; null if it did not. */
function received(name) {
  const { rawHeaders } = site.seen.at(-1);
  const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at < 0 ? null : rawHeaders[at + 1];
}

test('every method arrives as it was sent', async () => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE', 'REPORT']) {
    const { status, content } = await raw(method, '/things', method === 'POST' ? ['Content-Length: 3'] : [], method === 'POST' ? 'a=1' : '');
    assert.equal(status, 200, method);
    assert.equal(site.seen.at(-1).method, method);
    assert.equal(content === '', method === 'HEAD', method);
    assert.equal(site.seen.at(-1).body, method === 'POST' ? 'a=1' : '');
  }
  assert.equal((await raw('GET', '/things', ['Content-Length: 3'], 'a=1')).status, 200);
  assert.deepEqual([site.seen.at(-1).method, site.seen.at(-1).body], ['GET', 'a=1']);
  assert.equal((await raw('GET', '/.stanchion/healthz', ['Content-Length: 3'], 'a=1')).status, 200);
  const seen = site.seen.length;
  assert.equal((await raw('TRACE', '/things')).status, 501);
  assert.equal(site.seen.length, seen);
});

test('the answer to HEAD says how long the content is', async () => {
  const got = await raw('GET', '/.stanchion/healthz');
  const head = await raw('HEAD', '/.stanchion/healthz');
  const length = (fields) => fields.find((field) => /^content-length:/i.test(field))?.toLowerCase();
  assert.equal(head.status, 200);
  assert.equal(head.content, '');
  assert.ok(length(head.fields) === undefined || length(head.fields) === length(got.fields), head.fields);
  const [style] = /\/\.stanchion\/assets\/waiting\.[0-9a-f]{16}\.css/.exec((await raw('GET', '/basket/seats', ['Accept: text/html'])).content);
  for (const path of [style, `/.stanchion/api/v1/events/${EVENT}/queue`, '/.stanchion/.well-known/jwks.json', '/.stanchion/left?event_id=site-http&to=%2F']) {
    const answer = await raw('HEAD', path);
    assert.deepEqual([answer.status, answer.content], [200, ''], path);
  }
  const waiting = await raw('HEAD', '/basket/seats', ['Accept: text/html']);
  assert.deepEqual([waiting.status, waiting.content], [503, '']);
});

test('OPTIONS names the methods of an address of the edge', async () => {
  for (const [path, allowed] of [['/.stanchion/healthz', 'GET, HEAD'], ['/.stanchion/api/v1/queue/join', 'POST']]) {
    const { status, fields } = await raw('OPTIONS', path);
    assert.equal(status, 204, path);
    assert.ok(fields.map((field) => field.toLowerCase()).includes(`allow: ${allowed.toLowerCase()}`), `${path}: ${fields}`);
  }
});

test('header bytes beyond ASCII arrive as they were sent, and come back as the site set them', async () => {
  // One character is one byte here: the first is UTF-8, the second Latin-1.
  const utf8 = 'sid=1; city=K\u00c3\u00b6ln';
  await raw('GET', '/things', [`Cookie: ${utf8}`, 'X-Name: J\u00c3\u00bcrgen']);
  assert.equal(received('cookie'), utf8);
  assert.equal(received('x-name'), 'J\u00c3\u00bcrgen');
  if (!SPIN) {
    const latin1 = 'sid=1; city=K\u00f6ln';
    await raw('GET', '/things', [`Cookie: ${latin1}`, 'X-Name: J\u00fcrgen']);
    assert.equal(received('cookie'), latin1);
    assert.equal(received('x-name'), 'J\u00fcrgen');
  }
  const { fields } = await raw('GET', SPIN ? '/bytes' : '/bytes?latin1');
  const values = (name) => fields.filter((field) => field.toLowerCase().startsWith(`${name}: `)).map((field) => field.slice(name.length + 2));
  assert.deepEqual(values('location'), ['/caf\u00c3\u00a9']);
  assert.deepEqual(values('x-download'), ['attachment; filename="K\u00c3\u00b6ln.pdf"']);
  assert.ok(values('set-cookie').includes('town=K\u00c3\u00b6ln'), fields);
  if (!SPIN) assert.ok(values('set-cookie').includes('city=K\u00f6ln'), fields);
  // Spin shows no component which headers `Connection` names.
  if (!SPIN) assert.deepEqual(values('x-hop'), []);
});

test('with a session, the cookies of the site keep their bytes and those of the edge stay there', async () => {
  const fan = new Browser();
  await fan.comeIn('/basket/seats', EVENT);
  const ours = [...fan.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  await raw('GET', '/basket/seats', [`Cookie: city=K\u00c3\u00b6ln; ${ours}; name=J\u00c3\u00bcrgen`]);
  assert.equal(received('cookie'), 'city=K\u00c3\u00b6ln; basket=1; lang=en; name=J\u00c3\u00bcrgen');
});

test('the edge says who asks, whatever the client says', async () => {
  // Spin shows a component no `Connection`.
  const forged = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Forwarded-Prefix', 'X-Forwarded-Uri',
    'Forwarded', 'X-Real-IP', 'True-Client-IP', 'X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'Proxy',
    'X-Envoy-Original-Path', 'Script-Name', 'Stanchion-Client-Address', 'Shop-Token'];
  const spellings = forged.flatMap((name) => [name, name.replaceAll('-', '_'), name.replaceAll('-', '.')]);
  await raw('GET', '/things', ['CF-Connecting-IP: 192.0.2.7', ...spellings.map((name) => `${name}: forged`), 'X-Other: kept', ...(SPIN ? [] : ['Connection: X-Named', 'X-Named: forged'])]);
  const { headers } = site.seen.at(-1);
  const { host } = new URL(process.env.STANCHION_SITE_EDGE_URL);
  assert.deepEqual(Object.entries(headers).filter(([, value]) => value.includes('forged')), []);
  assert.equal(headers['x-other'], 'kept');
  assert.equal(headers['x-forwarded-for'], '192.0.2.7');
  assert.equal(headers['x-real-ip'], '192.0.2.7');
  assert.equal(headers['x-forwarded-proto'], 'http');
  assert.equal(headers['x-forwarded-host'], host);
  assert.equal(headers.forwarded, `for=192.0.2.7;host="${host}";proto=http`);
  assert.equal(headers['stanchion-client-address'], '192.0.2.7');
});

test('a ticket with spaces around it is the same ticket', async () => {
  const fan = new Browser();
  await fan.comeIn('/basket/seats', EVENT);
  const ticket = fan.cookies.get(`stanchion-ticket.${EVENT}`);
  assert.equal((await raw('GET', '/.stanchion/api/v1/queue/status', [`Queue-Token:  ${ticket} \t`])).status, 200);
});
