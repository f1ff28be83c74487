// One shard of an event is silent for a minute around the close of its draw: the others' fans get their turns within the
// deadline, and when the shard is back, its later fans get a place in a later draw. Two checkers that share no code agree.
// On Spin a shard is a node of a Redis Cluster; edge-worker/tests/redis_store/silent.rs has the same there.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT } from '../../../scripts/stack/places.mjs';
import { freePort } from '../../../scripts/stack/ports.mjs';
import { answers, Part } from '../../../scripts/stack/process.mjs';
import { askEdge } from '../../../scripts/stack/signed.mjs';
import { givenVariables, readWrangler, workerdBinary } from '../../../scripts/stack/workerd.mjs';

const SHARDS = 8;
/** As edge-worker/src/queue has it: the grace for joins on their way, and the deadline of shards after that. */
const DEADLINE_MS = 250 + 2_000;
/** For the steps between, on a busy machine, and for the snapshots of two relays and an isolate. */
const SLACK_MS = 6_000;
const SILENT_FOR_MS = 60_000;
const REPORT_EVERY_MS = 2_000;
/** A request that does not wait for a silent shard has ended by then, also on a busy machine. */
const PASSES_WITHIN_MS = 5_000;
const { STANCHION_CONTROL_KEY: KEY, STANCHION_ACCOUNT_ISSUER: ISSUER } = process.env;

const execute = promisify(execFile);

let folder;
let workerd;
let url;
let control;

before(async () => {
  // scripts/test has built everything; elsewhere the checker is built here.
  if (process.env.STANCHION_BUILT !== 'yes') await execute('cargo', ['build', '--release', '--locked', '--quiet', '--workspace', '--bin', 'stanchion-verify'], { cwd: ROOT });
  folder = mkdtempSync(join(tmpdir(), 'stanchion-silence-'));
  const [port, controlPort] = [await freePort(), await freePort()];
  [url, control] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${controlPort}`];
  for (const name of ['index.js', 'index_bg.wasm']) copyFileSync(join(process.env.STANCHION_STACK, 'edge', name), join(folder, name));
  copyFileSync(new URL('silent.worker.js', import.meta.url), join(folder, 'silent.worker.js'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'config.capnp'), config(port, controlPort));
  workerd = new Part({
    name: 'silence',
    folder,
    env: { ...process.env, STANCHION_SITE_EVENTS: '' }, // in front of our own origin
    command: [workerdBinary(), 'serve', join(folder, 'config.capnp')],
    healthy: () => answers(`${url}/healthz`),
  });
  await workerd.start();
});

after(async () => {
  await workerd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a shard that is silent for a minute around the close holds up nobody, and its own fans get their places after it', { timeout: 240_000 }, async (t) => {
  const shopper = await inTheShop();
  // The origin does not know the tests' events, and says so.
  const inShop = await cartOf(shopper);
  assert.equal(inShop.status, 404, JSON.stringify(inShop));
  const event = await opened('silent', { onSaleInMs: 22_000 });
  const fans = await joinAll(event, 40);
  const shardOf = (fan) => fan.receipt.shard;
  // The last shard is silent: its fans after this report are those whom the draw leaves over.
  const silent = Math.max(...fans.map(shardOf));
  await sleep(2 * REPORT_EVERY_MS);
  while (!fans.slice(40).some((fan) => shardOf(fan) === silent)) fans.push(...await joinAll(event, 4));
  await set('silent', event.id, silent);
  await set('silent', shopper.event.id, shopper.receipt.shard);
  const silentFrom = Date.now();
  assert.ok(silentFrom < event.onSale, 'this machine is too slow');

  const draw = await until(() => record(event.id, 0), event.onSale + DEADLINE_MS + SLACK_MS - Date.now());
  t.diagnostic(`draw 0 was closed ${Date.now() - event.onSale} ms after its end`);
  assert.deepEqual(draw.missing, [silent]);
  const entered = (one, tier, shard) => Object.fromEntries(one.tiers[tier].shards)[shard] ?? 0;
  const isLeftOver = ({ receipt }) => receipt.shard === silent && receipt.number >= entered(draw, receipt.tier, silent);
  const leftOver = fans.filter(isLeftOver);
  assert.ok(leftOver.length > 0 && entered(draw, 1, silent) > 0, 'some had been reported, and some had not');

  // Whoever shops is not held up, also if it is their own shard that is silent.
  const passes = async () => assert.deepEqual(await cartOf(shopper), inShop);
  await passes();
  // Everybody else is told their place, and turns come.
  await release(event);
  const places = new Map();
  for (const fan of fans.filter((one) => !isLeftOver(one))) {
    const told = await until(async () => { const answer = await status(fan); return answer.position && answer; }, 10_000);
    places.set(fan, told.position);
  }
  const other = fans.find((fan) => shardOf(fan) !== silent);
  await until(async () => (await status(other)).shop_token, 10_000);
  // Those left over wait, are told so, and are never told that their ticket is lost.
  for (const fan of leftOver) {
    const told = await status(fan);
    assert.deepEqual([told.status, told.drawn_at ?? null, told.position ?? null], ['drawing', null, null]);
  }
  const stats = await askEdge({ edge: url, key: KEY, method: 'GET', path: `/events/${event.id}/stats` });
  assert.deepEqual(stats.told.missing.map(({ shard }) => shard), [silent]);
  assert.ok(Date.parse(stats.told.missing[0].since) <= event.onSale);
  // The queue goes on meanwhile: later draws are closed.
  const late = await joinAll(event, 6, (receipt) => receipt.shard !== silent);
  for (const fan of late) places.set(fan, (await until(async () => { const answer = await status(fan); return answer.position && answer; }, 20_000)).position);

  while (Date.now() < silentFrom + SILENT_FOR_MS) {
    await passes();
    await sleep(1_000);
  }
  await set('heard', event.id, silent);
  for (const fan of leftOver) {
    const told = await until(async () => { const answer = await status(fan); assert.notEqual(answer.error, 'ticket_lost'); return answer.position && answer; }, 30_000);
    places.set(fan, told.position);
  }
  // Whoever came to the silent shard meanwhile comes again: they hold what it gave them since, or get a number now.
  const again = [];
  for (const token of unheard) again.push(await joinOne(event, () => true, token));
  for (const fan of again) places.set(fan, (await until(async () => { const answer = await status(fan); return answer.position && answer; }, 20_000)).position);
  const all = [...fans, ...late, ...again];
  assert.deepEqual([...places.values()].sort((one, two) => one - two), all.map((_, index) => index + 1), 'everybody, and each place once');
  assert.deepEqual(await record(event.id, 0), draw, 'what the shard says later changes nothing');
  await until(async () => (await askEdge({ edge: url, key: KEY, method: 'GET', path: `/events/${event.id}/stats` })).told.missing === undefined, 10_000);

  // Both checkers follow a receipt to its place: of the silent shard before and after its report, and of another one.
  const reported = fans.find((fan) => shardOf(fan) === silent && !isLeftOver(fan));
  for (const fan of [reported, leftOver[0], leftOver.at(-1), other]) {
    const told = await verified(fan, places.get(fan));
    assert.ok(told.includes(`everything holds: place ${places.get(fan)}`), told);
    const drawn = isLeftOver(fan) ? await carrying(event.id, fan) : 0;
    const checked = await run('/usr/bin/python3', ['-O', join(ROOT, 'shared/check_draw.py'), url, event.id, String(drawn), fan.answer.receipt]);
    assert.ok(checked.endsWith(`place ${places.get(fan)}\n`), checked);
  }
  // The turn of somebody whom the draw left over is a turn like others.
  await until(async () => (await status(leftOver[0])).shop_token, 20_000);
});

test('of many shards each freezes its draw by itself, in time', { timeout: 120_000 }, async (t) => {
  const event = await opened('many', { onSaleInMs: 25_000, shards: 256, draw_window_ms: 10_000 });
  const fans = await joinAll(event, 300);
  const used = new Set(fans.map(({ receipt }) => receipt.shard)).size;
  assert.ok(Date.now() < event.onSale, 'this machine is too slow');
  const draw = await until(() => record(event.id, 0), event.onSale + DEADLINE_MS + SLACK_MS - Date.now());
  t.diagnostic(`${used} shards were frozen and the draw closed ${Date.now() - event.onSale} ms after its end`);
  assert.equal(draw.missing, undefined, 'all of them answered within the deadline');
  assert.equal(draw.tiers.reduce((sum, tier) => sum + tier.count, 0), 300);
});

/** The answer to a shopper who asks for the cart: within moments, or not at all. */
async function cartOf({ shopToken }) {
  const answered = await fetch(`${url}/api/v1/cart`, { headers: { 'shop-token': shopToken }, signal: AbortSignal.timeout(PASSES_WITHIN_MS) });
  return { status: answered.status, told: await answered.json() };
}

/** A fan who has a shopping session of an event of its own. */
async function inTheShop() {
  const event = await opened('shop', { onSaleInMs: 2_000, shopping_ms: 600_000 });
  await release(event);
  const [fan] = await joinAll(event, 1);
  const { shop_token: shopToken } = await until(async () => { const answer = await status(fan); return answer.shop_token && answer; }, 30_000);
  return { ...fan, event, shopToken };
}

/** Opens an event. */
async function opened(name, { onSaleInMs, ...settings }) {
  const id = `${name}-${Date.now().toString(36)}`;
  const onSale = Date.now() + onSaleInMs;
  const unlimited = 100_000;
  const policy = {
    bots: { apps_without_signals: true },
    limits: { joins_per_account_a_minute: unlimited, joins_per_address_a_minute: unlimited, polls_per_ticket_a_minute: unlimited },
  };
  const put = { version: 1, name, on_sale_time: new Date(onSale).toISOString(), shards: SHARDS, draw_window_ms: 2_000, turn_ms: 120_000, shopping_ms: 60_000, challenge_max_number: 1_000, policy, ...settings };
  const answer = await askEdge({ edge: url, key: KEY, method: 'PUT', path: `/events/${id}`, body: JSON.stringify(put) });
  assert.equal(answer.status, 200, JSON.stringify(answer.told));
  return { id, onSale };
}

async function release(event) {
  const put = { version: 10, rate_per_second: 100, lease_ms: 60_000, paused: false, sold_out: false };
  const answer = await askEdge({ edge: url, key: KEY, method: 'PUT', path: `/events/${event.id}/release`, body: JSON.stringify(put) });
  assert.equal(answer.status, 200, JSON.stringify(answer.told));
}

let people = 0;

/** So many fans join, some at once; only those whose receipt is wanted are kept and counted. */
async function joinAll(event, count, wanted = () => true) {
  const fans = [];
  while (fans.length < count) {
    const some = await Promise.all(Array.from({ length: Math.min(8, count - fans.length) }, () => joinOne(event, wanted)));
    fans.push(...some.filter((fan) => fan !== null));
  }
  return fans;
}

/** Tokens of fans whose shard did not answer when they joined. */
const unheard = [];

function newToken() {
  people += 1;
  return accountToken(`silence-${Date.now()}-${people}`);
}

async function joinOne(event, wanted, token = newToken()) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const challenge = await (await fetch(`${url}/api/v1/queue/challenge?event_id=${event.id}`, { headers })).json();
  const body = JSON.stringify({ event_id: event.id, device_fingerprint: 'test', captcha_token: solved(challenge) });
  const answered = await fetch(`${url}/api/v1/queue/join`, { method: 'POST', headers, body, signal: AbortSignal.timeout(3_000) }).catch(() => null);
  if (answered === null || answered.status === 503) {
    unheard.push(token);
    return null;
  }
  const answer = await answered.json();
  assert.equal(answered.status, 200, JSON.stringify(answer));
  const receipt = JSON.parse(Buffer.from(answer.receipt.split('.')[1], 'base64url'));
  assert.ok(wanted(receipt));
  return { token, answer, receipt, ticket: answer.queue_token };
}

/** A poll; the fan keeps the ticket as it comes back. */
async function status(fan) {
  const answered = await fetch(`${url}/api/v1/queue/status`, { headers: { authorization: `Bearer ${fan.token}`, 'queue-token': fan.ticket } });
  const told = await answered.json();
  if (told.queue_token) fan.ticket = told.queue_token;
  return told;
}

async function record(event, draw) {
  const answer = await fetch(`${url}/api/v1/events/${event}/draws/${draw}`);
  return answer.status === 200 ? answer.json() : null;
}

/** The draw that carries a fan's ticket. */
async function carrying(event, { receipt }) {
  for (let draw = receipt.draw + 1; ; draw += 1) {
    const found = await record(event, draw);
    if (found?.carried?.some(({ from, shard }) => from === receipt.draw && shard === receipt.shard)) return draw;
    assert.ok(draw < receipt.draw + 100, 'no draw carries it');
  }
}

async function set(what, event, shard) {
  const answer = await fetch(`${control}/${what}/${event}/${shard}`, { method: 'POST' });
  assert.equal(answer.status, 200);
}

/** Asks until there is something, for so long. */
async function until(ask, ms) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await ask();
    if (found) return found;
    assert.ok(Date.now() < end, `not within ${ms} ms: ${ask}`);
    await sleep(100);
  }
}

async function run(program, args) {
  try {
    const { stdout, stderr } = await execute(program, args);
    return stdout + stderr;
  } catch (error) {
    return `${error.stdout}${error.stderr}`;
  }
}

function verified(fan, place) {
  return run(join(process.env.CARGO_TARGET_DIR, 'release/stanchion-verify'), [fan.answer.receipt, '--edge', url, '--place', String(place)]);
}

function accountToken(subject) {
  const [key] = JSON.parse(process.env.STANCHION_ACCOUNT_SIGNING_KEYS).keys;
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${part({ alg: 'EdDSA', kid: key.kid, typ: 'at+jwt' })}.${part({ iss: ISSUER, sub: subject, iat: now, exp: now + 3_600 })}`;
  return `${head}.${sign(null, Buffer.from(head), createPrivateKey({ key, format: 'jwk' })).toString('base64url')}`;
}

function solved({ algorithm, challenge, maxnumber, salt, signature }) {
  for (let number = 0; number <= maxnumber; number += 1) {
    if (createHash('sha256').update(salt + number).digest('hex') === challenge) {
      return Buffer.from(JSON.stringify({ algorithm, challenge, number, salt, signature })).toString('base64');
    }
  }
  throw new Error('no number solves the challenge');
}

/** One worker owns the objects, and can silence them; the edge has them as it always does. */
function config(port, controlPort) {
  const { compatibilityDate, objects, variables } = readWrangler();
  const text = JSON.stringify;
  const list = (items) => items.map((item) => `    ${item},\n`).join('');
  const environment = givenVariables(variables, process.env).map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`);
  const spaces = (service) => objects.map(({ binding, className }) => `(name = ${text(binding)}, durableObjectNamespace = ${service ? `(className = ${text(className)}, serviceName = ${text(service)})` : text(className)})`);
  const modules = `(name = "index.js", esModule = embed "index.js"), (name = "index_bg.wasm", wasm = embed "index_bg.wasm")`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "objects", worker = .objects),
    # The origin is on this machine, which workers may not reach unless told so.
    (name = "network", network = (allow = ["public", "private"])),
    (name = "data", disk = (path = ${text(join(folder, 'data'))}, writable = true)),
  ],
  sockets = [
    (name = "http", address = ${text(`127.0.0.1:${port}`)}, http = (), service = "edge"),
    (name = "control", address = ${text(`127.0.0.1:${controlPort}`)}, http = (), service = "objects"),
  ],
);

const edge :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [${modules}],
  bindings = [
${list([...environment, ...spaces('objects')])}  ],
  globalOutbound = "network",
);

const objects :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [(name = "silent.worker.js", esModule = embed "silent.worker.js"), ${modules}],
  bindings = [
${list([...environment, ...spaces(null)])}  ],
  durableObjectNamespaces = [
${list(objects.map(({ className }) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`))}  ],
  durableObjectStorage = (localDisk = "data"),
);
`;
}
