// The local payment gateway (scripts/servers/gateway).

import { answers, Part } from './process.mjs';
import { freePort } from './ports.mjs';

export async function gateway({ folder, binaries, env }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const part = new Part({
    name: 'gateway',
    folder,
    command: [binaries.gateway, '--listen', `127.0.0.1:${port}`, '--secret-key', env.STANCHION_STRIPE_KEY],
    healthy: () => listens(url),
  });
  return { part, exports: { STANCHION_STRIPE_URL: url, STANCHION_GATEWAY_URL: url } };
}

/** Any answer will do: which paths it has is the gateway's own business. */
async function listens(url) {
  return answers(url).then(() => true);
}
