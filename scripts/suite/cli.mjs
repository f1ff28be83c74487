// The command line of scripts/test, and what it says at the end.

import { byName, PARTS } from './parts.mjs';
import { stopAll } from './stacks.mjs';
import { Run, say } from './steps.mjs';
import { setUp, whole } from './whole.mjs';

const SLOWEST_SHOWN = 10;
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

const HELP = `Usage: scripts/test [PART [NAME…] | NAME…]

Without PART: sets the machine up, checks format and lints, builds everything once, and runs all tests: unit tests, and those
in tests/ folders (Rust, Node, browser) on private stacks of the real parts, with the edge on workerd and on Spin. The end says
how long each step took, which tests were the slowest, and '<N> passed, <N> failed'.

A part sets the machine up, too, which takes a second when nothing is missing:
${Object.entries(PARTS).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`).join('\n')}
  NAME     tests of the edge named so: scripts/test gate

For example
  scripts/test origin checkout     the origin's tests with 'checkout' in their name
  scripts/test spin older_copy     one end-to-end test on Spin
  scripts/test unit shared         unit tests of the crate in shared/
`;

const [part, ...names] = process.argv.slice(2);
if (part === '--help') {
  process.stdout.write(HELP);
} else if (part?.startsWith('-')) {
  process.stderr.write(`test: There is no option '${part}'.\n\n${HELP}`);
  process.exitCode = 2;
} else {
  await main();
}

async function main() {
  const run = new Run({ live: part !== undefined });
  stopOnSignals(run);
  try {
    if (part === undefined) await whole(run);
    else if (await setUp(run)) await (PARTS[part] ? PARTS[part].run(run, names) : byName(run, [part, ...names]));
  } catch (error) {
    say(`test: ${error.message}`);
    run.broken = true;
  }
  if (part === undefined) tellSteps(run);
  tellTests(run);
  process.exit(run.failed || run.broken ? 1 : 0);
}

function tellSteps(run) {
  say('\nSteps, in the order in which they ended:');
  for (const { name, seconds, failed } of run.steps) say(`${seconds.toFixed(0).padStart(6)} s  ${name}${failed ? '  FAILED' : ''}`);
  say(`${run.seconds.toFixed(0).padStart(6)} s  everything`);
  say('\nThe slowest tests:');
  for (const { name, seconds } of run.results.slowest(SLOWEST_SHOWN)) say(`${seconds.toFixed(1).padStart(6)} s  ${name}`);
}

/** The last line is a contract with those who run this. */
function tellTests({ results, steps }) {
  for (const { name } of results.tests.filter(({ secondRun }) => secondRun)) say(`passed in the second run only: ${name}`);
  for (const name of results.ignored) say(`ignored: ${name}`);
  for (const { name } of results.tests.filter(({ passed }) => !passed)) say(`failed: ${name}`);
  for (const { name } of steps.filter(({ failed }) => failed)) say(`failed step: ${name}`);
  const again = results.tests.filter(({ secondRun }) => secondRun).length;
  if (again > 0) say(`${again} of those that passed did so in the second run only`);
  say(`\n${results.passed} passed, ${results.failed} failed`);
}

function stopOnSignals(run) {
  let stopping = false;
  for (const [signal, status] of Object.entries(SIGNALS)) {
    process.on(signal, async () => {
      if (stopping) return;
      stopping = true;
      await run.interrupt();
      await stopAll();
      process.exit(status);
    });
  }
}
