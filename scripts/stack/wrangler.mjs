// The edge by Cloudflare's own tool: what `wrangler dev --local` makes of wrangler.toml. It proxies and logs every
// request, so it is for people who change the worker; the tests and the demo run the same worker in workerd itself.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.mjs';
import { ROOT } from './places.mjs';
import { answers, Part } from './process.mjs';
import { givenVariables, readWrangler } from './workerd.mjs';

export async function edge({ folder, data, env, port }) {
  const objectsData = join(data, 'edge-data');
  mkdirSync(objectsData, { mode: 0o700 });
  const values = join(folder, 'edge.vars');
  const names = givenVariables(readWrangler().variables, env);
  writeFileSync(values, names.map((name) => `${name}='${env[name]}'\n`).join(''), { mode: 0o600 });
  return {
    part: new Part({
      name: 'edge',
      folder,
      cwd: ROOT,
      env: { ...process.env, CI: 'true' }, // it asks nothing and draws nothing
      command: ['wrangler', 'dev', '--local', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', String(await freePort()),
        '--env-file', values, '--persist-to', objectsData, '--show-interactive-dev-session', 'false'],
      wholeGroup: true, // it runs workerd and esbuild
      healthy: () => answers(`http://127.0.0.1:${port}/healthz`),
    }),
    exports: { STANCHION_EDGE_RUNTIME: 'wrangler dev' },
  };
}
