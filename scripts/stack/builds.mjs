// Builds what a stack runs, and copies it into the run's folder: a part that is restarted later is then the very
// program that ran before, whatever somebody has built in the meantime.

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './places.mjs';

const PROGRAMS = { gateway: 'stanchion-gateway', origin: 'stanchion-origin' };

/** @returns paths by part: {gateway, origin, edge} as far as they are among `parts`. */
export function build({ parts, folder }) {
  const built = {};
  const programs = Object.entries(PROGRAMS).filter(([part]) => parts.includes(part));
  if (programs.length > 0) {
    run('cargo', ['build', '--release', '--quiet', ...programs.flatMap(([, program]) => ['-p', program])]);
    mkdirSync(join(folder, 'bin'));
    for (const [part, program] of programs) {
      built[part] = join(folder, 'bin', program);
      copyFileSync(join(process.env.CARGO_TARGET_DIR, 'release', program), built[part]);
    }
  }
  if (parts.includes('edge')) {
    run(join(ROOT, 'scripts/stack/build-worker'), []);
    built.edge = join(folder, 'edge');
    cpSync(join(ROOT, 'edge-worker/build'), built.edge, { recursive: true });
  }
  return built;
}

/** Its output goes to our standard error: standard output belongs to the command that the stack is for. */
function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (error) throw new Error(`${program} could not be run: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed with status ${status}.`);
}
