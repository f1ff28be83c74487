// A whole private stack: its parts in the order in which they need each other, and its end.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beacon } from './beacon.mjs';
import { build } from './builds.mjs';
import { serveControl } from './control.mjs';
import { gateway } from './gateway.mjs';
import { makeKeys } from './keys.mjs';
import { origin } from './origin.mjs';
import { removeRun, runFolder, temporaryFolder } from './places.mjs';
import { freePort } from './ports.mjs';
import { postgres } from './postgres.mjs';
import { edgeRedis, redis } from './redis.mjs';
import * as spin from './spin.mjs';
import * as workerd from './workerd.mjs';
import * as wrangler from './wrangler.mjs';

export const PARTS = ['redis', 'postgres', 'gateway', 'beacon', 'edge-redis', 'edge', 'origin'];

/**
 * Parts that a stack prepares and does not start; `scripts/stack/part start` does. `edge-site` is an edge in front of a
 * protected site, `edge-sites` one in front of several. `edge-2` is a second edge beside the first on the same Redis, on Spin only.
 */
export const ON_DEMAND = ['edge-2', 'edge-site', 'edge-sites'];

/** The events of the site that edge-site is in front of. */
const SITE_EVENTS = 'site-one,site-two,site-three,site-four,site-five,site-live,site-http,site-paths,site-paths-two,site-waiting,site-cold,site-sessions,site-meter,site-when-busy';

/** What edge-sites is in front of, beside the stack's own shop at shop.test. */
const SITES = [
  { name: 'one', hosts: ['one.test', '*.one.test'], events: ['sites-one', 'sites-one-b'] },
  { name: 'two', hosts: ['two.test'], events: ['sites-two'] },
  { name: 'three', hosts: ['three.test:8443'], events: [] },
];

/** What the edge can run on. */
export const RUNTIMES = { cloudflare: workerd.edge, wrangler: wrangler.edge, spin: spin.edge };

/** The parts of a whole stack: only on Spin the edge keeps its state in a Redis. */
export function partsFor(runtime) {
  return runtime === 'spin' ? PARTS : PARTS.filter((part) => part !== 'edge-redis');
}

export class Stack {
  #parts = new Map();
  #control = null;
  #stopping = new AbortController();

  /** @param {{temporaryData?: boolean}} options `temporaryData`: servers keep their data in the temporary folder, not below the clone */
  constructor({ name, runtime = 'cloudflare', parts = partsFor(runtime), appendfsync, temporaryData = false }) {
    this.runtime = runtime;
    this.wanted = parts;
    this.options = { appendfsync };
    this.folder = runFolder(name);
    this.data = temporaryData ? temporaryFolder(this.folder, 'data') : this.folder;
    this.env = {};
  }

  /** Builds and starts everything. Call `stop` afterwards, also when this failed half way. */
  async start(say = () => {}) {
    const { folder, data, wanted } = this;
    this.env = { ...makeKeys(folder), STANCHION_STACK: folder, STANCHION_STACK_DATA: data, STANCHION_STACK_RUNTIME: this.runtime, STANCHION_SITE_EVENTS: '' };
    const binaries = await timed(say, 'build', () => build({ parts: wanted, runtime: this.runtime, folder, say, signal: this.#stopping.signal }));

    await this.#startAll(say, ['redis', 'postgres', 'gateway', 'beacon', 'edge-redis'], (name) =>
      ({ redis, postgres, gateway, beacon, 'edge-redis': edgeRedis })[name]({ folder, data, binaries, env: this.env, ...this.options }));

    // Edge and origin need each other's address, so both ports are known before either starts.
    const ports = { edge: await freePort(), origin: await freePort() };
    this.env.STANCHION_EDGE_URL = `http://127.0.0.1:${ports.edge}`;
    this.env.STANCHION_ORIGIN_URL = `http://127.0.0.1:${ports.origin}`;
    // Nobody listens there but a test that plays the captcha providers.
    this.env.STANCHION_HCAPTCHA_URL = `http://127.0.0.1:${await freePort()}`;
    this.env.STANCHION_TURNSTILE_URL = this.env.STANCHION_HCAPTCHA_URL;
    await this.#startAll(say, ['edge', 'origin'], (name) =>
      ({ edge: RUNTIMES[this.runtime], origin })[name]({ folder, data, binaries, env: this.env, port: ports[name] }));
    if (this.runtime === 'spin') await this.#prepareSpin(binaries, ports.edge);
    if (wanted.includes('edge') && this.runtime !== 'wrangler') await this.#prepareSite(binaries);

    this.#stopping.signal.throwIfAborted();
    this.#control = await serveControl(folder, this.#parts);
    this.env.STANCHION_STACK_CONTROL = this.#control.socket;
    const lines = Object.entries(this.env).map(([name, value]) => `export ${name}='${value}'\n`);
    writeFileSync(join(folder, 'stack.env'), lines.join(''), { mode: 0o600 });
  }

  /** Stops what was started, newest first. With `keep`, the folder stays, with logs and without data. */
  async stop({ keep }) {
    this.#stopping.abort();
    this.#control?.close();
    for (const part of [...this.#parts.values()].reverse()) await part.stop();
    removeRun(this.folder, { keepLogs: keep });
  }

  /** What a stack on Spin has besides: an edge on demand, and the variables for whoever runs `spin up` themselves. */
  async #prepareSpin(binaries, edgePort) {
    const { folder, data, env } = this;
    if (this.wanted.includes('edge-redis')) spin.keepVariables({ folder, env, port: edgePort });
    if (!this.wanted.includes('edge')) return;
    const port = await freePort();
    this.#parts.set('edge-2', spin.edge({ name: 'edge-2', folder, data, binaries, env, port }).part);
    env.STANCHION_SECOND_EDGE_URL = `http://127.0.0.1:${port}`;
  }

  /** An edge for whoever brings a site and listens at STANCHION_SITE_URL. */
  async #prepareSite(binaries) {
    const { folder, data, env } = this;
    const [port, site, issuer] = [await freePort(), await freePort(), await freePort()];
    env.STANCHION_SITE_URL = `http://127.0.0.1:${site}`;
    env.STANCHION_SITE_EDGE_URL = `http://127.0.0.1:${port}`;
    env.STANCHION_SITE_EVENTS = SITE_EVENTS;
    const its = {
      ...env,
      STANCHION_ORIGIN_URL: env.STANCHION_SITE_URL,
      STANCHION_OIDC_ISSUER: 'https://issuer.stanchion.test',
      STANCHION_OIDC_AUDIENCE: 'the-site',
      STANCHION_OIDC_JWKS_URL: `http://127.0.0.1:${issuer}/jwks`,
      STANCHION_OIDC_HOST: `http://127.0.0.1:${issuer}`,
      STANCHION_OIDC_JWKS_PATH: '/jwks',
    };
    env.STANCHION_SITE_ISSUER_URL = its.STANCHION_OIDC_HOST;
    const { part } = await RUNTIMES[this.runtime]({ name: 'edge-site', health: '/.stanchion/healthz', folder, data, binaries, env: its, port });
    this.#parts.set('edge-site', part);
    await this.#prepareSites(binaries);
  }

  /** An edge for whoever brings several sites: STANCHION_SITES_BEHIND says where each listens. */
  async #prepareSites(binaries) {
    const { folder, data, env } = this;
    const sites = [];
    for (const site of SITES) sites.push({ ...site, origin: `http://127.0.0.1:${await freePort()}` });
    const port = await freePort();
    env.STANCHION_SITES_EDGE_URL = `http://127.0.0.1:${port}`;
    env.STANCHION_SITES_BEHIND = JSON.stringify(sites);
    const its = {
      ...env,
      STANCHION_SITE_EVENTS: '',
      STANCHION_HOSTS: 'shop.test',
      STANCHION_SITES: env.STANCHION_SITES_BEHIND,
      STANCHION_SITE_ORIGINS: 'http://127.0.0.1:*',
    };
    const { part } = await RUNTIMES[this.runtime]({ name: 'edge-sites', health: '/.stanchion/healthz', folder, data, binaries, env: its, port });
    this.#parts.set('edge-sites', part);
  }

  async #startAll(say, names, make) {
    this.#stopping.signal.throwIfAborted();
    const wanted = names.filter((name) => this.wanted.includes(name));
    const started = await Promise.allSettled(wanted.map((name) => timed(say, name, async () => {
      const { part, exports } = await make(name);
      if (this.#stopping.signal.aborted) throw new Error(`${name} was not started, because the stack is stopping.`);
      this.#parts.set(name, part);
      Object.assign(this.env, exports);
      await part.start();
    })));
    const failed = started.find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
  }
}

async function timed(say, what, work) {
  const began = performance.now();
  const result = await work();
  say(`${what} ready (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return result;
}
