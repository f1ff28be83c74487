// Builds what a stack runs, and copies it into the run's folder: a part that is restarted later is then the very
// program that ran before, whatever somebody has built in the meantime.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './places.mjs';
import { realSpin } from './spin.mjs';

/** `rush` is no part, but who has a whole stack wants it: cargo compiles less when it is asked for all of them at once. */
const PROGRAMS = { beacon: 'stanchion-beacon', gateway: 'stanchion-gateway', origin: 'stanchion-origin', rush: 'stanchion-rush', spinHost: 'stanchion-spin-host' };

/** The edge as a Spin component, below cargo's target folder. */
const COMPONENT = 'wasm32-wasip2/release/stanchion_edge.wasm';

/**
 * @returns paths by part: {beacon, gateway, origin, edge} as far as they are among `parts`; on Spin {component, spinHost} instead
 * of {edge}, the host only where no real Spin is. `signal` ends it early.
 */
export async function build({ parts, runtime, folder, signal }) {
  const built = {};
  const wanted = parts.includes('gateway') && parts.includes('origin') ? [...parts, 'rush'] : [...parts];
  const onSpin = runtime === 'spin' && parts.includes('edge');
  if (onSpin && !realSpin()) wanted.push('spinHost');
  const programs = Object.entries(PROGRAMS).filter(([part]) => wanted.includes(part));
  if (programs.length > 0) {
    await run('cargo', ['build', '--release', '--quiet', ...programs.flatMap(([, program]) => ['-p', program])], signal);
    mkdirSync(join(folder, 'bin'));
    for (const [part, program] of programs) {
      built[part] = join(folder, 'bin', program);
      copyFileSync(join(process.env.CARGO_TARGET_DIR, 'release', program), built[part]);
    }
  }
  if (onSpin) {
    await run(join(ROOT, 'scripts/stack/build-checker'), [], signal);
    await run('cargo', ['build', '--release', '--quiet', '--target', 'wasm32-wasip2', '-p', 'stanchion-edge'], signal);
    mkdirSync(join(folder, 'edge'));
    built.component = join(folder, 'edge', 'stanchion_edge.wasm');
    copyFileSync(join(process.env.CARGO_TARGET_DIR, COMPONENT), built.component);
  } else if (parts.includes('edge')) {
    built.edge = join(folder, 'edge');
    await run(join(ROOT, 'scripts/stack/build-worker'), [built.edge], signal);
  }
  return built;
}

/** Its output goes to our standard error: standard output belongs to the command that the stack is for. */
async function run(program, args, signal) {
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 2, 2], signal });
  const how = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killedBy) => resolve(killedBy ?? code));
  });
  if (how !== 0) throw new Error(`${program} ${args.join(' ')} failed (${how}).`);
}
