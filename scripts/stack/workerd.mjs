// The edge: the built worker in workerd, the runtime that Cloudflare runs itself.
// What the worker is made of (date, objects, variables) is read from wrangler.toml, so that it is said once.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { answers, Part } from './process.mjs';
import { ROOT } from './places.mjs';

export function edge({ name = 'edge', health = '/healthz', folder, data, binaries, env, port }) {
  const home = binaries.edge;
  const objectsData = join(data, `${name}-data`);
  mkdirSync(objectsData, { mode: 0o700 });
  copyFileSync(join(ROOT, 'scripts/stack/cache.worker.js'), join(home, 'cache.worker.js'));
  const config = join(home, `${name}.capnp`);
  const wrangler = readWrangler();
  const variables = givenVariables(wrangler.variables, env);
  // scripts/stack/builds.mjs puts the static files beside the worker.
  writeFileSync(config, capnp({ port, data: objectsData, staticFiles: join(home, 'static'), ...wrangler, variables }));
  return {
    part: new Part({
      name,
      folder,
      env: { ...process.env, ...env }, // the configuration names the variables; their values are not in the file
      command: [workerdBinary(), 'serve', config],
      healthy: () => answers(`http://127.0.0.1:${port}${health}`),
    }),
    // The benchmark puts its baseline beside the edge: it reads here which file to change.
    exports: { STANCHION_EDGE_RUNTIME: 'workerd', STANCHION_EDGE_CONFIGURATION: config },
  };
}

/** Variables that the worker has besides those in wrangler.toml's [vars]: in production `wrangler secret put` sets them. */
const SECRETS = ['STANCHION_CONTROL_KEY', 'STANCHION_TICKET_KEYS', 'STANCHION_CHALLENGE_KEY', 'STANCHION_SIGNING_KEYS',
  'STANCHION_HCAPTCHA_SECRET', 'STANCHION_TURNSTILE_SECRET'];

/** Those of the worker's variables that `env` has: one that is unset would be null in the worker. */
export function givenVariables(variables, env) {
  return [...variables, ...SECRETS].filter((name) => name in env);
}

function capnp({ port, data, staticFiles, compatibilityDate, objects, variables, assets }) {
  const text = JSON.stringify; // capnp's string literals have JSON's escapes
  const list = (items) => items.map((item) => `    ${item},\n`).join('');
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "cache", worker = .cache),
    (name = "data", disk = (path = ${text(data)}, writable = true)),
    # Workers static assets, as far as the worker reads them. It serves them itself here, with what _headers says.
    (name = "static", disk = (path = ${text(staticFiles)})),
    # The origin is on this machine, which workers may not reach unless told so.
    (name = "network", network = (allow = ["public", "private"])),
  ],
  # What Cloudflare's front knows of a client comes as the header cf-blob here: tests say it.
  sockets = [(name = "http", address = ${text(`127.0.0.1:${port}`)}, http = (cfBlobHeader = "cf-blob"), service = "edge")],
);

const edge :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  bindings = [
    (name = ${text(assets)}, service = "static"),
${list(variables.map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`))}\
${list(objects.map(({ binding, className }) => `(name = ${text(binding)}, durableObjectNamespace = ${text(className)})`))}\
  ],
  durableObjectNamespaces = [
${list(objects.map(({ className }) => `(className = ${text(className)}, uniqueKey = ${text(`stanchion-${className}`)}, enableSql = true)`))}\
  ],
  durableObjectStorage = (localDisk = "data"),
  globalOutbound = "network",
  cacheApiOutbound = "cache",
);

const cache :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  modules = [(name = "cache.worker.js", esModule = embed "cache.worker.js")],
);
`;
}

/** The few lines of wrangler.toml that matter here; it is our own file, so its layout is known. */
export function readWrangler() {
  const toml = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
  const compatibilityDate = /^compatibility_date = "(.+)"$/m.exec(toml)?.[1];
  const objects = [...toml.matchAll(/^name = "(.+)"\nclass_name = "(.+)"$/gm)]
    .map(([, binding, className]) => ({ binding, className }));
  const table = toml.split(/^\[vars\]$/m)[1]?.split(/^\[/m)[0] ?? '';
  const variables = [...table.matchAll(/^(STANCHION_\w+) = /gm)].map(([, name]) => name);
  const assets = /^\[assets\]\n(?:.+\n)*?binding = "(.+)"$/m.exec(toml)?.[1];
  if (!compatibilityDate || objects.length === 0 || variables.length === 0 || !assets) {
    throw new Error('wrangler.toml has no compatibility_date, durable objects, [vars] or [assets] in the layout that scripts/stack/workerd.mjs reads.');
  }
  return { compatibilityDate, objects, variables, assets };
}

/** The binary itself: npm's `workerd` is a script around it, which would be a process too many to kill. */
export function workerdBinary() {
  const require = createRequire(join(process.env.STANCHION_NODE, 'node_modules/workerd/package.json'));
  const packages = { x64: '@cloudflare/workerd-linux-64', arm64: '@cloudflare/workerd-linux-arm64' };
  const name = packages[process.arch];
  if (!name) throw new Error(`There is no workerd for this processor (${process.arch}).`);
  try {
    return require.resolve(`${name}/bin/workerd`);
  } catch {
    throw new Error('workerd is not installed. scripts/setup installs it.');
  }
}
