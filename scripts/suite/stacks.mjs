// Private stacks around tests: started in this process, stopped however it ends.

import { Stack } from '../stack/stack.mjs';

/** Stacks that are up. */
const up = new Set();

/**
 * Starts a stack, runs `use` with its environment, and stops it. The logs are kept if `use` says that something failed.
 * @param {import('./steps.mjs').Run} run
 * @param {{name: string, runtime: 'workerd'|'spin'|'none', parts?: string[]}} wanted
 * @param {(env: Record<string, string>) => Promise<boolean>} use whether all passed
 */
export async function withStack(run, { name, runtime, parts }, use) {
  const stack = new Stack({ name: `test-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`, runtime: runtime === 'spin' ? 'spin' : 'cloudflare', parts, temporaryData: true });
  up.add(stack);
  let passed = false;
  try {
    const started = await run.step(`${name}: stack`, (output) => stack.start((line) => output.line(line)));
    passed = started && (await use(stack.env));
  } finally {
    up.delete(stack);
    await stack.stop({ keep: !passed });
  }
  return passed;
}

/** The run was interrupted. */
export async function stopAll() {
  await Promise.all([...up].map((stack) => stack.stop({ keep: true })));
}
