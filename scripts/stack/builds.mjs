// Builds what a stack runs, and copies it into the run's folder: a part that is restarted later is then the very
// program that ran before, whatever somebody has built in the meantime.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './places.mjs';
import { realSpin } from './spin.mjs';

/** `loadTest` is no part, but a whole stack is there for it: cargo compiles less when it is asked for all of them at once. */
const PROGRAMS = { beacon: 'stanchion-beacon', gateway: 'stanchion-gateway', origin: 'stanchion-origin', loadTest: 'stanchion-load-test', spinHost: 'stanchion-spin-host' };

/** The edge as a Spin component, below cargo's target folder. */
const COMPONENT = 'wasm32-wasip2/release/stanchion_edge.wasm';

/** A build that takes long tells this often how long it has taken so far. */
const PROGRESS_EVERY_MS = 15_000;

/**
 * Builds run beside each other: cargo compiles one thing at a time, and the worker is packed while it compiles the next.
 * @param {{say: (line: string) => void, signal: AbortSignal}} wanted `signal` ends it early
 * @returns paths by part: {beacon, gateway, origin, edge} as far as they are among `parts`; on Spin {component, spinHost} instead
 * of {edge}, the host only where no real Spin is.
 */
export async function build({ parts, runtime, folder, say, signal }) {
  const wanted = parts.includes('gateway') && parts.includes('origin') ? [...parts, 'loadTest'] : [...parts];
  const onSpin = runtime === 'spin' && parts.includes('edge');
  if (onSpin && !realSpin()) wanted.push('spinHost');
  const programs = Object.entries(PROGRAMS).filter(([part]) => wanted.includes(part));

  const steps = [];
  const buildOnHost = async () => {
    // The worker and the pages need one tool of the same workspace. It comes first: they would wait for all programs otherwise.
    if (parts.includes('edge')) await run(join(ROOT, 'scripts/stack/bindgen'), [], signal);
    return buildPrograms(programs, folder, signal);
  };
  if (programs.length > 0) steps.push({ name: 'servers and tools', work: buildOnHost });
  if (onSpin) steps.push({ name: "the edge as Spin's component", work: () => buildComponent(folder, signal) });
  else if (parts.includes('edge')) steps.push({ name: "the edge as Cloudflare's worker", work: () => buildWorker(folder, signal) });
  return Object.assign({}, ...(await Promise.all(withProgress(steps, say))));
}

/** Starts all steps. Each says when it ends, and what still works says so from time to time: which of how many, how long so far. */
function withProgress(steps, say) {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const label = (step) => `build ${steps.indexOf(step) + 1} of ${steps.length}, ${step.name}`;
  const working = new Set(steps);
  const timer = setInterval(() => {
    for (const step of working) say(`${label(step)}: ${seconds()} so far …`);
  }, PROGRESS_EVERY_MS);
  return steps.map(async (step) => {
    try {
      const built = await step.work();
      say(`${label(step)}: ready (${seconds()})`);
      return built;
    } finally {
      working.delete(step);
      if (working.size === 0) clearInterval(timer);
    }
  });
}

async function buildPrograms(programs, folder, signal) {
  // Asked of the whole workspace: for a choice of crates cargo would choose other features, and compile dependencies anew.
  await cargo(['--workspace', ...programs.flatMap(([, program]) => ['--bin', program])], signal);
  mkdirSync(join(folder, 'bin'));
  return Object.fromEntries(programs.map(([part, program]) => {
    const copy = join(folder, 'bin', program);
    copyFileSync(join(process.env.CARGO_TARGET_DIR, 'release', program), copy);
    return [part, copy];
  }));
}

async function buildComponent(folder, signal) {
  mkdirSync(join(folder, 'edge'));
  await run(join(ROOT, 'scripts/stack/build-static'), [join(folder, 'edge', 'static')], signal);
  await cargo(['--target', 'wasm32-wasip2', '-p', 'stanchion-edge'], signal);
  const component = join(folder, 'edge', 'stanchion_edge.wasm');
  copyFileSync(join(process.env.CARGO_TARGET_DIR, COMPONENT), component);
  return { component };
}

async function buildWorker(folder, signal) {
  const edge = join(folder, 'edge');
  await run(join(ROOT, 'scripts/stack/build-worker'), [edge], signal);
  await run(join(ROOT, 'scripts/stack/build-static'), [join(edge, 'static')], signal);
  return { edge };
}

/** Does nothing where scripts/test has built everything: cargo would wait for whatever else it is compiling. */
async function cargo(args, signal) {
  if (process.env.STANCHION_BUILT !== 'yes') await run('cargo', ['build', '--release', '--locked', '--quiet', ...args], signal);
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
