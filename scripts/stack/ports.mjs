// Free ports for the private instances.
//
// Not the kernel's own choice (bind to port 0): those ports come from the ephemeral range, from which every outgoing
// connection takes its source port too. Under load an outgoing connection could take a part's port in the moment
// between that part's crash and its restart. Ports below the range stay ours.

import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

const FIRST_PORT = 15_000;
const LAST_PORT = 31_999; // Linux's ephemeral range starts at 32,768 unless configured otherwise.
const MOST_TRIES = 100;

const taken = new Set();

/** A port on 127.0.0.1 that nothing listens on, never the same twice in one process. */
export async function freePort() {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (!taken.has(port) && (await canListen(port))) {
      taken.add(port);
      return port;
    }
  }
  throw new Error(`No free port between ${FIRST_PORT} and ${LAST_PORT} in ${MOST_TRIES} tries.`);
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
