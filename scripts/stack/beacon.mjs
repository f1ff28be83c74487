// The local randomness beacon (beacon-server.mjs): the edge reads rounds there, where production reads drand's public API.

import { join } from 'node:path';
import { ROOT } from './places.mjs';
import { freePort } from './ports.mjs';
import { answers, Part } from './process.mjs';

export async function beacon({ folder }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const part = new Part({
    name: 'beacon',
    folder,
    command: [process.execPath, join(ROOT, 'scripts/stack/beacon-server.mjs'), String(port)],
    healthy: () => answers(`${url}/healthz`),
  });
  return { part, exports: { STANCHION_BEACON_URL: url } };
}
