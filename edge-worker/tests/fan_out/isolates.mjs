// Many isolates of the edge in one workerd, with one set of objects, as many data centres have them. Everything that reaches
// an object is counted at its door (counting.worker.js), and a kind of object can be silenced there.

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../scripts/stack/ports.mjs';
import { answers, Part } from '../../../scripts/stack/process.mjs';
import { givenVariables, readWrangler, workerdBinary } from '../../../scripts/stack/workerd.mjs';
import { ROOT } from '../../../scripts/stack/places.mjs';

/** Starts so many isolates, in front of the stack's own origin. The isolate number n is at `url`/edge<n>, the first also at `url`. */
export async function startIsolates(isolates) {
  const folder = mkdtempSync(join(tmpdir(), 'stanchion-fan-out-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const data = join(folder, 'data');
  for (const name of ['index.js', 'index_bg.wasm']) copyFileSync(join(process.env.STANCHION_STACK, 'edge', name), join(folder, name));
  for (const name of ['counting.worker.js', 'front.worker.js']) copyFileSync(new URL(name, import.meta.url), join(folder, name));
  copyFileSync(join(ROOT, 'scripts/stack/cache.worker.js'), join(folder, 'cache.worker.js'));
  mkdirSync(data);
  writeFileSync(join(folder, 'config.capnp'), config({ isolates, address: url.replace('http://', ''), data }));
  const workerd = new Part({
    name: 'fan-out',
    folder,
    env: { ...process.env, STANCHION_SITE_EVENTS: '' },
    command: [workerdBinary(), 'serve', join(folder, 'config.capnp')],
    healthy: () => answers(`${url}/healthz`),
  });
  await workerd.start();
  return {
    url,
    /** Messages by object and kind. */
    counts: async () => (await fetch(`${url}/counts/`)).json(),
    /** So many ms no object of this kind answers anything. */
    silence: async (kind, ms) => { await fetch(`${url}/counts/?silence=${kind}&ms=${ms}`); },
    /** How many objects there are. */
    objects: () => readdirSync(data, { recursive: true }).filter((file) => file.endsWith('.sqlite')).length,
    async stop() {
      await workerd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One worker owns the objects, 64 have them as the edge has; each service is an isolate of its own. */
function config({ isolates, address, data }) {
  const { compatibilityDate, objects, variables } = readWrangler();
  const text = JSON.stringify;
  const list = (items) => items.map((item) => `    ${item},\n`).join('');
  const names = Array.from({ length: isolates }, (_, isolate) => `edge${isolate}`);
  const environment = givenVariables(variables, process.env).map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`);
  const spaces = (service) => objects.map(({ binding, className }) => `(name = ${text(binding)}, durableObjectNamespace = ${service ? `(className = ${text(className)}, serviceName = ${text(service)})` : text(className)})`);
  const edge = (name) => `const ${name} :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [(name = "index.js", esModule = embed "index.js"), (name = "index_bg.wasm", wasm = embed "index_bg.wasm")],
  bindings = [
${list([...environment, ...spaces('counts')])}  ],
  globalOutbound = "network",
  cacheApiOutbound = "cache",
);
`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "front", worker = .front),
    (name = "counts", worker = .counts),
${list(names.map((name) => `(name = "${name}", worker = .${name})`))}\
    (name = "cache", worker = .cache),
    # The origin is on this machine, which workers may not reach unless told so.
    (name = "network", network = (allow = ["public", "private"])),
    (name = "data", disk = (path = ${text(data)}, writable = true)),
  ],
  sockets = [(name = "http", address = ${text(address)}, http = (), service = "front")],
);

const cache :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [(name = "cache.worker.js", esModule = embed "cache.worker.js")],
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
