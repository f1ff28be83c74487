// The edge on Spin: by a real `spin` (WebAssembly's, 4.1 or newer) where there is one on the PATH, and otherwise by our
// own host (scripts/servers/spin-host). Both run the same component file with the same manifest.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './places.mjs';
import { answers, Part } from './process.mjs';

/** The oldest Spin with WASI 0.3.0, which components of spin-sdk 7 import; 4.0 has a release candidate of it. */
const OLDEST_SPIN = [4, 1];

export function edge({ name = 'edge', health = '/healthz', folder, data, binaries, env, port }) {
  const home = join(folder, 'edge');
  const { manifest, variables } = readManifest(binaries.component);
  const file = join(home, `${name}.toml`);
  writeFileSync(file, manifest);
  const listen = `127.0.0.1:${port}`;
  const spin = realSpin();
  return {
    part: new Part({
      name,
      folder,
      cwd: home,
      env: { RUST_LOG: 'warn', ...process.env, ...spinVariables(variables, env) },
      command: spin
        ? ['spin', 'up', '--from', file, '--listen', listen, '--state-dir', stateFolder(data, name)]
        : [binaries.spinHost, '--manifest', file, '--listen', listen, '--cache', join(process.env.STANCHION_CACHE, 'wasmtime')],
      wholeGroup: true, // `spin up` serves by a process of its own
      healthy: () => answers(`http://${listen}${health}`),
    }),
    exports: { STANCHION_EDGE_RUNTIME: spin ?? 'stanchion-spin-host' },
  };
}

/**
 * `spin.env` in the run's folder: what a `spin up` by hand needs to be the edge of this run. Also without the part edge:
 * then the stack is what is around it.
 */
export function keepVariables({ folder, env, port }) {
  const values = { ...spinVariables(readManifest().variables, env), SPIN_HTTP_LISTEN_ADDR: `127.0.0.1:${port}` };
  const lines = Object.entries(values).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(join(folder, 'spin.env'), lines.join(''), { mode: 0o600 });
}

/** The version line of the `spin` on the PATH, or null: Debian's `spin` is another program, a model checker. */
export function realSpin() {
  let line;
  try {
    line = execFileSync('spin', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 });
  } catch {
    return null; // none, or not one that knows --version
  }
  const [, text, major, minor] = /^(spin (\d+)\.(\d+)\.\S+)/.exec(line) ?? [];
  const [oldestMajor, oldestMinor] = OLDEST_SPIN;
  if (Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor)) return text;
  return null;
}

/**
 * spin.toml, with another file of the component if one is given, and the static files that scripts/stack/builds.mjs puts
 * beside it. It is our own file, so its layout is known.
 */
function readManifest(component) {
  const toml = readFileSync(join(ROOT, 'spin.toml'), 'utf8');
  const table = toml.split(/^\[variables\]$/m)[1]?.split(/^\[/m)[0] ?? '';
  const variables = [...table.matchAll(/^([a-z][a-z0-9_]*) = /gm)].map(([, name]) => name);
  const source = /^source = ".+"$/gm;
  const files = 'source = "edge-worker/static"';
  if (variables.length === 0 || toml.match(source)?.length !== 1 || !toml.includes(files)) {
    throw new Error('spin.toml has no [variables], no static files or not one source in the layout that scripts/stack/spin.mjs reads.');
  }
  const built = () => toml.replace(source, `source = ${JSON.stringify(component)}`).replace(files, 'source = "static"');
  return { manifest: component ? built() : toml, variables };
}

/**
 * The values of the manifest's variables: those of the STANCHION_* of the same name, but the Redis is the edge's own, and a
 * fan's address is in the header that Cloudflare's front sets, so that tests may say who asks on every runtime.
 * One that is not there is left out: Spin then says what is missing, or takes the default.
 */
function spinVariables(names, env) {
  const redis = new URL(env.STANCHION_EDGE_REDIS_URL);
  const own = { redis_url: env.STANCHION_EDGE_REDIS_URL, redis_host: redis.host, client_address_header: 'cf-connecting-ip' };
  const values = names.map((name) => [name.toUpperCase(), own[name] ?? env[`STANCHION_${name.toUpperCase()}`]]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined).map(([name, value]) => [`SPIN_VARIABLE_${name}`, value]));
}

function stateFolder(data, name) {
  const state = join(data, `${name}-state`);
  mkdirSync(state, { mode: 0o700, recursive: true });
  return state;
}
