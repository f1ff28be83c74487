// The origin. It runs its own migrations when it starts.

import { answers, Part } from './process.mjs';

export function origin({ folder, binaries, env, port }) {
  return {
    part: new Part({
      name: 'origin',
      folder,
      env: { RUST_LOG: 'info', NO_COLOR: '1', ...process.env, ...env, STANCHION_LISTEN: `127.0.0.1:${port}` },
      command: [binaries.origin],
      healthy: () => answers(`http://127.0.0.1:${port}/healthz`),
    }),
    exports: { STANCHION_LISTEN: `127.0.0.1:${port}` },
  };
}
