// The local randomness beacon (beacon-server.mjs): the edge reads rounds there, where production reads drand's public API. It has
// recorded rounds of real networks, and a chain of its own (scripts/servers/beacon) that never ends.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ROOT } from './places.mjs';
import { freePort } from './ports.mjs';
import { answers, Part } from './process.mjs';

/** Seconds between rounds of our own chain: quicknet's. */
const PERIOD_S = 3;

export async function beacon({ folder, binaries, env }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const own = await ownChain(binaries.beacon, env);
  const part = new Part({
    name: 'beacon',
    folder,
    command: [process.execPath, join(ROOT, 'scripts/stack/beacon-server.mjs'), String(port), binaries.beacon, JSON.stringify(own)],
    env: { ...process.env, STANCHION_LOCAL_BEACON_KEY: env.STANCHION_LOCAL_BEACON_KEY },
    healthy: () => answers(`${url}/healthz`),
  });
  return { part, exports: { STANCHION_BEACON_URL: url, STANCHION_LOCAL_BEACON: JSON.stringify(own) } };
}

/** What an event announces (`queue.beacon`) whose draws are to wait for our own chain. */
async function ownChain(signer, env) {
  const public_key = await new Promise((resolve, reject) => {
    const asked = execFile(signer, [], { env }, (error, out) => (error ? reject(error) : resolve(out.trim())));
    asked.stdin.end();
  });
  const chain_hash = createHash('sha256').update(public_key, 'hex').digest('hex');
  return { chain_hash, public_key, genesis: Math.floor(Date.now() / 1000), period: PERIOD_S, scheme: 'bls-unchained-g1-rfc9380' };
}
