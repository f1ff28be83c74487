// Which tests run on which private stack. Tests that may share a stack run beside each other on one; those that break a part
// of it, or count what reaches it, run one at a time on another.

import { nodeCommand } from './node-tests.mjs';

/** Tests beside each other in one program: most of them wait, for a draw or a turn. */
export const BESIDE = 4;
const NODE_FILES_BESIDE = 1;

/** The program whose modules say what its tests may share: edge-worker/tests/end_to_end. */
export const END_TO_END = 'end_to_end';
const MODULES = { workerd: { beside: ['together::'], alone: ['alone::', 'on_workerd::'] }, spin: { beside: ['together::'], alone: ['alone::', 'on_spin::'] } };

/** Programs whose tests need no edge, with the parts that they need: they need not wait until one is built. */
export const WITHOUT_EDGE = { origin: ['redis', 'postgres'], redis_store: ['redis'] };

/** Programs whose tests need the components for Spin, which are built last. */
const WITH_COMPONENTS = ['host'];

/**
 * All that runs on stacks: a list of {name, runtime, groups}. The groups of one stack run beside each other, what is in a group
 * one after the other.
 * @param {import('./programs.mjs').TestProgram[]} programs those that need a stack
 */
export function planStacks(programs, allNodes) {
  const endToEnd = programs.filter(({ name }) => name === END_TO_END);
  const stacks = programs.filter(({ name }) => WITHOUT_EDGE[name]).map((program) => (
    { name: program.name, runtime: 'none', parts: WITHOUT_EDGE[program.name], groups: [rust([program], [], BESIDE)] }));
  for (const runtime of ['workerd', 'spin']) {
    const { beside, alone } = MODULES[runtime];
    const nodes = ({ breaking }) => allNodes.filter((test) => test.runtimes.includes(runtime) && test.alone === breaking && !test.quiet);
    const others = programs.filter(({ name }) => name !== END_TO_END && !WITHOUT_EDGE[name] && WITH_COMPONENTS.includes(name) === (runtime === 'spin'));
    // The longest first.
    stacks.push({ name: `${runtime}, Rust alone`, runtime, groups: [rust(endToEnd, alone, 1)] });
    stacks.push({ name: `${runtime}, Node`, runtime, groups: [
      node(nodes({ breaking: false }).filter(({ shares }) => !shares), 1),
      node(nodes({ breaking: false }).filter(({ shares }) => shares), NODE_FILES_BESIDE),
    ] });
    stacks.push({ name: `${runtime}, Node alone`, runtime, groups: [node(nodes({ breaking: true }), 1)] });
    stacks.push({ name: `${runtime}, Rust`, runtime, groups: [[...rust(endToEnd, beside, BESIDE), ...rust(others, [], BESIDE)]] });
  }
  return stacks.map((stack) => ({ ...stack, groups: stack.groups.filter((group) => group.length > 0) })).filter(({ groups }) => groups.length > 0);
}

/** The stacks for what needs a machine that does nothing else: they come last, one after the other. */
export function quietStacks(allNodes) {
  const benchmarks = { title: 'benchmarks, one short round of each row', command: ['scripts/bench', '--smoke'] };
  const nodes = (runtime) => node(allNodes.filter(({ quiet, runtimes }) => quiet && runtimes.includes(runtime)), 1);
  return [
    { name: 'workerd, quiet', runtime: 'workerd', groups: [[benchmarks, ...nodes('workerd')]] },
    { name: 'spin, quiet', runtime: 'spin', groups: [nodes('spin')] },
  ];
}

/** Each has a command, and the command for those of its tests that failed: `again`. */
function rust(programs, filters, threads) {
  return programs.map((program) => ({
    title: program.title,
    ...program.command({ filters, threads }),
    again: ({ failedTests }) => program.command({ filters: ['--exact', ...failedTests], threads: 1 }),
  }));
}

function node(tests, atOnce) {
  const again = ({ failedFiles }) => ({ command: nodeCommand(failedFiles.map((file) => ({ file })), 1) });
  return tests.length > 0 ? [{ title: `${tests.length} files of Node${tests.some(({ shares }) => !shares) ? ' with a part of their own' : ''}`, command: nodeCommand(tests, atOnce), again }] : [];
}

/** Whether a test of that program must run one at a time, and whether it runs on this runtime. */
export const isAlone = (test) => Object.values(MODULES).some(({ alone }) => alone.some((module) => test.startsWith(module)));
export const runsOn = (test, runtime) => Object.values(MODULES[runtime]).flat().some((module) => test.startsWith(module));

/** Fails if a test of the program with modules is in none that anybody runs: nothing may silently not run. */
export async function checkModules(program) {
  const known = new Set(Object.values(MODULES).flatMap(({ beside, alone }) => [...beside, ...alone]));
  const lost = (await program.list()).filter((test) => ![...known].some((module) => test.startsWith(module)));
  if (lost.length > 0) throw new Error(`no stack runs ${lost.join(', ')}: the modules are ${[...known].join(', ')}`);
}
