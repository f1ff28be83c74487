// The origin. It runs its own migrations when it starts.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Part } from './process.mjs';

/** Simulated fans all come from one address; what production allows an address would stop a demo of any size. */
const LIMITS = {
  STANCHION_SIGN_INS_PER_ADDRESS: '1000000/60',
  STANCHION_SIGN_UPS_PER_ADDRESS: '1000000/60',
};

export function origin({ folder, binaries, env, port }) {
  const reputation = join(folder, 'reputation.txt');
  if (!existsSync(reputation)) writeFileSync(reputation, '# What is known of addresses: nothing yet. docs/guides/bots-and-captcha.md says what to write here.\n');
  const own = { STANCHION_LISTEN: `127.0.0.1:${port}`, STANCHION_REPUTATION_FILE: reputation };
  return {
    part: new Part({
      name: 'origin',
      folder,
      env: { RUST_LOG: 'info', NO_COLOR: '1', ...LIMITS, ...process.env, ...env, ...own },
      command: [binaries.origin],
      healthy: () => answers(`http://127.0.0.1:${port}/healthz`),
    }),
    exports: own,
  };
}
