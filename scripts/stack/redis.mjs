// Private Redis servers. The append-only file is on, because the seats of running carts and the places of fans must
// survive a restart.

import { connect } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.mjs';
import { Part } from './process.mjs';

/** The origin's. @param {{folder: string, data: string, appendfsync?: 'always'|'everysec'|'no'}} options */
export async function redis({ folder, data, appendfsync = 'everysec' }) {
  const { part, url } = await server({ name: 'redis', folder, data, appendfsync });
  return { part, exports: { STANCHION_REDIS_URL: url } };
}

/** The edge's own on Spin, which holds places in the queue: what it has acknowledged must be on the disk. */
export async function edgeRedis({ folder, data }) {
  const { part, url } = await server({ name: 'edge-redis', folder, data, appendfsync: 'always' });
  return { part, exports: { STANCHION_EDGE_REDIS_URL: url } };
}

async function server({ name, folder, data, appendfsync }) {
  const port = await freePort();
  const dir = join(data, name);
  mkdirSync(dir, { mode: 0o700 });
  const settings = {
    bind: '127.0.0.1',
    port,
    dir,
    appendonly: 'yes',
    appendfsync,
    save: '', // no snapshots beside the append-only file
    // A full Redis must refuse a lock, never forget one.
    'maxmemory-policy': 'noeviction',
    maxmemory: '2gb',
    daemonize: 'no',
    'tcp-backlog': 511,
  };
  const part = new Part({
    name,
    folder,
    command: ['redis-server', ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)])],
    healthy: () => pongs(port),
  });
  return { part, url: `redis://127.0.0.1:${port}/` };
}

/** True once it answers PING with PONG: while it loads its file it answers with an error instead. */
function pongs(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.setTimeout(2_000, () => socket.destroy(new Error('timed out')));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith('+PONG'));
    });
  });
}
