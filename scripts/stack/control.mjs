// Lets a test crash, silence and restart parts of the stack that it runs in:
// `scripts/stack/part <kill|stop|start|restart|pause|resume> NAME`.
// HTTP over a unix socket that only the owner can reach.

import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { temporaryFolder } from './places.mjs';

export const ACTIONS = {
  kill: (part) => part.kill(),
  stop: (part) => part.stop(),
  start: (part) => part.start(),
  restart: async (part) => {
    await part.kill();
    await part.start();
  },
  pause: async (part) => part.pause(),
  resume: async (part) => part.resume(),
};

/** @returns {Promise<{socket: string, close: () => void}>} */
export async function serveControl(runFolder, parts) {
  // In the temporary folder, because a socket's path may have 107 bytes only.
  const socket = join(temporaryFolder(runFolder, 'control'), 'socket');
  const server = createServer(async (incoming, outgoing) => {
    const [, action, name] = incoming.url.split('/');
    const part = parts.get(name);
    if (!part || !ACTIONS[action]) return reply(outgoing, 404, `There is no '${action} ${name}'.`);
    try {
      await ACTIONS[action](part);
      reply(outgoing, 200, part.pid ? `${name} runs as process ${part.pid}.` : `${name} is stopped.`);
    } catch (error) {
      reply(outgoing, 500, error.message);
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  return {
    socket,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Asks the stack behind this socket. */
export function askControl(socket, action, name) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, method: 'POST', path: `/${action}/${name}` }, async (answer) => {
      let text = '';
      for await (const piece of answer) text += piece;
      if (answer.statusCode === 200) resolve(text.trimEnd());
      else reject(new Error(text.trimEnd()));
    });
    asked.once('error', reject);
    asked.end();
  });
}

function reply(outgoing, status, text) {
  outgoing.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
}
