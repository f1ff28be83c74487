// A private PostgreSQL server: its own cluster, its own user, TCP on loopback only, a random password.

import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './places.mjs';
import { freePort } from './ports.mjs';
import { finish, Part } from './process.mjs';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const MOST_CONNECTIONS = 200;

export async function postgres({ folder }) {
  const port = await freePort();
  const bin = newestBinaries();
  const owner = whoOwnsTheData();
  const home = owner ? temporaryHome(folder, owner) : join(folder, 'postgres');
  if (!owner) mkdirSync(home, { mode: 0o700 });
  const data = join(home, 'data');
  const password = randomBytes(18).toString('base64url');

  await createCluster({ bin, home, data, password, folder, owner });
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    // A socket's path may have 107 bytes and a clone's path may be longer: TCP only.
    unix_socket_directories: '',
    max_connections: MOST_CONNECTIONS,
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    // What is charged must be on disk: these stay on here as in production, or a crash test would prove nothing.
    fsync: 'on',
    synchronous_commit: 'on',
    log_min_duration_statement: '500ms',
    timezone: 'UTC',
  };
  const part = new Part({
    name: 'postgres',
    folder,
    user: owner?.name,
    cwd: home,
    stopSignal: 'SIGINT', // 'fast': ends the sessions instead of waiting for them
    command: [join(bin, 'postgres'), '-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    healthy: async () => spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0,
  });
  return {
    part,
    exports: { STANCHION_DATABASE_URL: `postgres://stanchion:${password}@127.0.0.1:${port}/postgres` },
  };
}

async function createCluster({ bin, home, data, password, folder, owner }) {
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (owner) chownSync(passwordFile, owner.uid, owner.gid);
  const initdb = [
    join(bin, 'initdb'), '-D', data, '-U', 'stanchion', `--pwfile=${passwordFile}`, '--auth=scram-sha-256',
    '--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions',
    '--no-sync', // an empty cluster is worth nothing yet; the server itself syncs
  ];
  // initdb refuses root, as the server does.
  const asOwner = owner ? ['setpriv', '--reuid', owner.name, '--regid', owner.name, '--clear-groups', '--'] : [];
  await finish('postgres', folder, [...asOwner, ...initdb], { cwd: home });
  rmSync(passwordFile);
}

/** PostgreSQL refuses to run as root. Debian's package brings the user `postgres`; everybody else runs it themselves. */
function whoOwnsTheData() {
  if (process.getuid() !== 0) return null;
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { name: 'postgres', uid: id('-u'), gid: id('-g') };
}

/**
 * That user may not be able to reach the clone (root's home is closed to it), and opening somebody's folders is not
 * ours to do: the data goes to the temporary folder, which every user can reach.
 */
function temporaryHome(folder, owner) {
  const home = temporaryFolder(folder, 'postgres');
  chmodSync(home, 0o700);
  chownSync(home, owner.uid, owner.gid);
  return home;
}

/** Debian keeps each version's programs in a folder of its own and only the client on the PATH. */
function newestBinaries() {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const withServer = versions.filter((version) => existsSync(join(DEBIAN_FOLDER, version, 'bin', 'postgres')));
  const newest = withServer.sort((a, b) => Number(b) - Number(a))[0];
  if (!newest) throw new Error('PostgreSQL is not installed. scripts/setup installs it.');
  return join(DEBIAN_FOLDER, newest, 'bin');
}
