// Many isolates read an event's snapshot all the time: here 64 of them in one workerd, with one set of objects, as many
// data centres have them. How often the coordinator is asked is counted at its door.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../scripts/stack/ports.mjs';
import { answers, Part } from '../../../scripts/stack/process.mjs';
import { askEdge } from '../../../scripts/stack/signed.mjs';
import { givenVariables, readWrangler, workerdBinary } from '../../../scripts/stack/workerd.mjs';

const ISOLATES = 64;
/** As edge-worker/src/cloudflare/objects.rs and relay.rs have it: each asks anew when what it has is 250 ms old. */
const RELAYS = 4;
const ASKED_A_SECOND = 4;
const POLLED_FOR_MS = 6_000;
const EACH_POLLS_EVERY_MS = 100;

const event = `fan-out-${Date.now().toString(36)}`;
let folder;
let workerd;
let url;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stanchion-fan-out-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  for (const name of ['index.js', 'index_bg.wasm']) copyFileSync(join(process.env.STANCHION_STACK, 'edge', name), join(folder, name));
  for (const name of ['counting.worker.js', 'front.worker.js']) copyFileSync(new URL(name, import.meta.url), join(folder, name));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'config.capnp'), config(port));
  workerd = new Part({
    name: 'fan-out',
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

test('while 64 isolates are polled, the coordinator is asked a few times a second by each relay', { timeout: 120_000 }, async (t) => {
  const put = { version: 1, name: 'Fan-out', on_sale_time: new Date(Date.now() + 600_000).toISOString(), shards: 4, draw_window_ms: 5_000, turn_ms: 60_000, shopping_ms: 60_000, challenge_max_number: 1_000 };
  const opened = await askEdge({ edge: url, key: process.env.STANCHION_CONTROL_KEY, method: 'PUT', path: `/events/${event}`, body: JSON.stringify(put) });
  assert.equal(opened.status, 200, JSON.stringify(opened.told));
  await poll(0); // isolates that have answered once are compiled

  const [before, began] = [await counts(), Date.now()];
  const polls = await poll(POLLED_FOR_MS);
  const seconds = (Date.now() - began) / 1000;
  const now = await counts();
  const asked = (name) => (now[name] ?? 0) - (before[name] ?? 0);
  const [coordinator, relays] = [asked('Coordinator.ReadSnapshot'), asked('Relay.CurrentSnapshot')];
  t.diagnostic(`${polls} polls of ${ISOLATES} isolates in ${seconds.toFixed(1)} s: relays were asked ${relays} times, the coordinator ${coordinator} times`);

  const whole = Object.entries(now).filter(([name]) => name.startsWith('Coordinator.')).map(([name]) => name);
  assert.deepEqual(whole.filter((name) => asked(name) > 0), ['Coordinator.ReadSnapshot'], 'polls ask it nothing else');
  assert.ok(coordinator <= RELAYS * (ASKED_A_SECOND * seconds + 1), `${coordinator} questions in ${seconds} s`);
  assert.ok(coordinator >= RELAYS, 'it was asked, and counted');
  assert.ok(relays >= ISOLATES, 'each isolate asked for itself');
  assert.ok(polls > 4 * relays, 'and most polls asked nobody');
});

/** Each isolate for so long, one poll after the other, and at least once. @returns polls, all of them answered well */
async function poll(ms) {
  const until = Date.now() + ms;
  const each = Array.from({ length: ISOLATES }, async (_, isolate) => {
    let polls = 0;
    do {
      const answer = await fetch(`${url}/edge${isolate}/api/v1/events/${event}/queue`);
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

async function counts() {
  return (await fetch(`${url}/counts/`)).json();
}

/** One worker owns the objects, 64 have them as the edge has; each service is an isolate of its own. */
function config(port) {
  const { compatibilityDate, objects, variables } = readWrangler();
  const text = JSON.stringify;
  const list = (items) => items.map((item) => `    ${item},\n`).join('');
  const names = Array.from({ length: ISOLATES }, (_, isolate) => `edge${isolate}`);
  const environment = givenVariables(variables, process.env).map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`);
  const spaces = (service) => objects.map(({ binding, className }) => `(name = ${text(binding)}, durableObjectNamespace = ${service ? `(className = ${text(className)}, serviceName = ${text(service)})` : text(className)})`);
  const edge = (name) => `const ${name} :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [(name = "index.js", esModule = embed "index.js"), (name = "index_bg.wasm", wasm = embed "index_bg.wasm")],
  bindings = [
${list([...environment, ...spaces('counts')])}  ],
);
`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "front", worker = .front),
    (name = "counts", worker = .counts),
${list(names.map((name) => `(name = "${name}", worker = .${name})`))}\
    (name = "data", disk = (path = ${text(join(folder, 'data'))}, writable = true)),
  ],
  sockets = [(name = "http", address = ${text(`127.0.0.1:${port}`)}, http = (), service = "front")],
);

const front :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [(name = "front.worker.js", esModule = embed "front.worker.js")],
  bindings = [
${list(['counts', ...names].map((name) => `(name = "${name}", service = "${name}")`))}  ],
);

const counts :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [
    (name = "counting.worker.js", esModule = embed "counting.worker.js"),
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  bindings = [
${list([...environment, ...spaces(null)])}  ],
  durableObjectNamespaces = [
${list(objects.map(({ className }) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`))}  ],
  durableObjectStorage = (localDisk = "data"),
);

${names.map(edge).join('\n')}`;
}
