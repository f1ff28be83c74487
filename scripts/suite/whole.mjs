// The whole run. First everything is built, once; then tests run on several private stacks beside each other. Most tests wait,
// so what computes (lints, unit tests) is done meanwhile, and gives way to them.

import { checkModules, END_TO_END, planStacks, quietStacks } from './lanes.mjs';
import { nodeCommand, nodeTests } from './node-tests.mjs';
import { buildPrograms, SERVERS_AND_TESTS, UNIT_TESTS } from './programs.mjs';
import { secondRun } from './second-run.mjs';
import { withStack } from './stacks.mjs';
import { givingWay } from './steps.mjs';

/** Stacks at once. Each has a database, one or two Redis servers and an edge; on two processors more would be too slow for tests of time. */
const STACKS_AT_ONCE = 3;
const UNIT_TEST_THREADS = 2;

const CLIPPY = ['cargo', 'clippy', '--release', '--locked'];
const LINTS = {
  'lints': [...CLIPPY, '--workspace', '--all-targets', '--', '--deny', 'warnings'],
  'lints of the worker': [...CLIPPY, '-p', 'stanchion-edge', '--target', 'wasm32-unknown-unknown', '--', '--deny', 'warnings'],
  "lints of Spin's components": [...CLIPPY, '-p', 'stanchion-edge', '-p', 'stanchion-spin-guest', '--target', 'wasm32-wasip2', '--', '--deny', 'warnings'],
};
const FORMAT = ['cargo', 'fmt', '--all', '--check'];
const COMPONENTS = ['cargo', 'build', '--release', '--locked', '--quiet', '--target', 'wasm32-wasip2', '-p', 'stanchion-edge', '-p', 'stanchion-spin-guest'];
const DOCUMENTATION_TESTS = ['cargo', 'test', '--release', '--locked', '--workspace', '--doc'];

/** @param {import('./steps.mjs').Run} run */
export async function whole(run) {
  const command = (name, line) => run.step(name, (output) => run.command(output, line));
  const background = (name, line, options) => run.step(name, (output) => run.command(output, givingWay(line), options));
  const nodes = nodeTests();
  if (!(await setUp(run))) return;
  await command('format', FORMAT);

  // Cargo builds one thing at a time. First comes what most tests wait for.
  if (!(await command('build: static files', ['scripts/stack/build-static']))) return;
  const programs = await buildStep(run, 'build: servers, and tests of them', SERVERS_AND_TESTS);
  if (!programs) return;
  process.env.STANCHION_BUILT = 'yes';
  const free = atMost(STACKS_AT_ONCE);
  const onStack = (stack) => free(() => withStack(run, stack, (env) => runGroups(run, stack, env)));
  const stacks = planStacks(programs.filter(({ needsStack }) => needsStack), nodes);
  const on = (runtime) => Promise.all(stacks.filter((stack) => stack.runtime === runtime).map(onStack));

  const withoutEdge = on('none');
  const worker = command('build: worker', ['scripts/stack/build-worker']);
  const onWorkerd = worker.then((built) => built && on('workerd'));
  const components = worker.then(() => background("build: Spin's components", COMPONENTS));
  const onSpin = components.then((built) => built && on('spin'));
  const computed = components.then(() => computing(run, background, programs, nodes));
  await Promise.all([withoutEdge, onWorkerd, onSpin, computed]);
  await secondRun(run, stacks);
  for (const stack of quietStacks(nodes)) await onStack(stack);
}

async function buildStep(run, name, targets, wrap) {
  let programs = null;
  const built = await run.step(name, async (output) => {
    programs = await buildPrograms(targets, output, wrap);
    for (const program of programs.filter(({ name }) => name === END_TO_END)) await checkModules(program);
  });
  return built ? programs : null;
}

/** Installs what the tests need and the machine lacks. @returns {Promise<boolean>} whether all of it is there */
export function setUp(run) {
  return run.step('set-up', (output) => run.command(output, ['scripts/setup', '--with', 'browser,bench']));
}

/** What computes instead of waiting, one after the other, each only while nobody else wants the processor. */
async function computing(run, background, programs, nodes) {
  await background("build: the benchmarks' worker", ['scripts/benchmarks/build-hello']);
  const unitTests = (await buildStep(run, 'build: unit tests', UNIT_TESTS, givingWay)) ?? [];
  for (const program of [...unitTests, ...programs.filter(({ needsStack }) => !needsStack)]) {
    if ((await program.list()).length === 0) continue;
    const { command, cwd, env } = program.command({ threads: UNIT_TEST_THREADS });
    await background(program.title, command, { cwd, env });
  }
  await background('Node without a stack', nodeCommand(nodes.filter(({ needsStack }) => !needsStack), UNIT_TEST_THREADS));
  await background("imports of Spin's component", ['scripts/stack/spin-imports']);
  await background('documentation tests', DOCUMENTATION_TESTS);
  for (const [name, line] of Object.entries(LINTS)) await background(name, line);
}

/** The groups of a stack beside each other, what is in a group one after the other. */
export async function runGroups(run, { name, groups }, env) {
  const passed = await Promise.all(groups.map(async (group) => {
    let all = true;
    for (const { title, command, cwd, env: own } of group) {
      const ok = await run.step(`${name}: ${title}`, (output) => run.command(output, command, { cwd, env: { ...env, ...own } }));
      all &&= ok;
    }
    return all;
  }));
  return passed.every(Boolean);
}

/** Lets so many work at the same time; the others wait their turn. */
function atMost(count) {
  const waiting = [];
  return async (work) => {
    if (count > 0) count -= 1;
    else await new Promise((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else count += 1;
    }
  };
}

export { FORMAT, LINTS, COMPONENTS };
