// Parts of the whole run, for somebody who has just changed something: scripts/test PART [NAME…]

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../stack/places.mjs';
import { BESIDE, END_TO_END, isAlone, runsOn, WITHOUT_EDGE } from './lanes.mjs';
import { nodeCommand, nodeTests } from './node-tests.mjs';
import { buildPrograms, UNIT_TESTS } from './programs.mjs';
import { withStack } from './stacks.mjs';
import { COMPONENTS, FORMAT, LINTS } from './whole.mjs';

/** What each part is; each takes the names it is called with. */
export const PARTS = {
  format: { about: 'how the Rust code is laid out', run: (run) => run.step('format', (output) => run.command(output, FORMAT)) },
  lints: { about: 'clippy, natively and for both kinds of WebAssembly', run: lints },
  unit: { about: 'unit tests, of crates in folders named so if NAME is given', run: unit },
  origin: { about: 'the origin over HTTP, tests named so if NAME is given', run: rust('origin') },
  store: { about: "the edge's store in Redis, tests named so if NAME is given", run: rust('redis_store') },
  edge: { about: 'end to end on workerd: Rust tests, and Node test files, named so if NAME is given', run: edge('workerd') },
  spin: { about: 'the same on Spin', run: edge('spin') },
  bench: { about: 'the benchmarks, one short round of each row', run: (run) => run.step('bench', (output) => run.command(output, ['scripts/bench', '--smoke'])) },
};

async function lints(run) {
  for (const [name, command] of Object.entries(LINTS)) await run.step(name, (output) => run.command(output, command));
}

async function unit(run, names) {
  const programs = await build(run, UNIT_TESTS);
  const wanted = programs.filter(({ title }) => names.length === 0 || names.some((name) => title.includes(name)));
  for (const program of wanted) await test(run, program.title, program.command({ threads: BESIDE }));
  if (names.length > 0) return;
  const nodes = nodeTests().filter(({ needsStack }) => !needsStack);
  await test(run, 'node', { command: nodeCommand(nodes, 2) });
}

/** One program of tests, with no more of a stack than it needs. */
function rust(name) {
  return async (run, names) => {
    const [program] = await build(run, ['build', '--test', name]);
    if (!program) return;
    await withStack(run, { name, runtime: 'none', parts: WITHOUT_EDGE[name] }, (env) => test(run, name, program.command({ filters: names, threads: BESIDE }), env));
  };
}

function edge(runtime) {
  return async (run, names) => {
    const nodes = nodeTests().filter((node) => node.runtimes.includes(runtime) && named(names, node.file));
    const programs = sources().some((text) => named(names, text)) ? await build(run, ['build', '--test', END_TO_END]) : [];
    const chosen = [];
    for (const program of programs) {
      const tests = (await program.list()).filter((name) => named(names, name) && runsOn(name, runtime));
      for (const [threads, some] of [[BESIDE, tests.filter((name) => !isAlone(name))], [1, tests.filter(isAlone)]]) {
        if (some.length > 0) chosen.push({ title: END_TO_END, ...program.command({ filters: ['--exact', ...some], threads }) });
      }
    }
    if (nodes.length > 0) chosen.push({ title: 'node', command: nodeCommand(nodes) });
    if (chosen.length === 0) throw new Error(`no test on ${runtime} is named ${names.join(' or ')}`);
    await withStack(run, { name: runtime, runtime }, async (env) => {
      let passed = true;
      for (const { title, ...command } of chosen) passed = (await test(run, title, command, env)) && passed;
      return passed;
    });
  };
}

/** A name that is no part: tests of the edge that are named so. */
export async function byName(run, names) {
  const onlyOnSpin = nodeTests().filter(({ file }) => named(names, file)).every(({ runtimes }) => runtimes.join() === 'spin');
  const files = nodeTests().some(({ file }) => named(names, file));
  await edge(files && onlyOnSpin ? 'spin' : 'workerd')(run, names);
}

async function build(run, targets) {
  let programs = [];
  await run.step('build', async (output) => { programs = await buildPrograms(targets, output); });
  return programs;
}

function test(run, title, { command, cwd, env: own }, env = {}) {
  return run.step(title, async (output) => {
    await run.command(output, command, { cwd, env: { ...env, ...own } });
    if (output.results.tests.length === 0) throw new Error('no test is named so');
  });
}

function named(names, text) {
  return names.length === 0 || names.some((name) => text.includes(name));
}

/** The source of the end-to-end tests with its paths: whether a name is in it is known without a build. */
function sources() {
  const folder = join(ROOT, 'edge-worker/tests/end_to_end');
  const files = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith('.rs'));
  return files.map((path) => `${path.replaceAll('/', '::')}\n${(readFileSync(join(folder, path), 'utf8').match(/^(async )?fn \w+/gm) ?? []).join('\n')}`);
}
