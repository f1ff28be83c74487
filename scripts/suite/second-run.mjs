// The second run of tests that failed. Many tests are of time, and a machine that does five things at once may leave one of them
// without a processor for seconds. What fails then runs once more, when all else has ended, on a stack of its own. What passes
// then counts as passed and is named at the end: whoever reads it knows which tests depend on how busy the machine is.

import { withStack } from './stacks.mjs';
import { say } from './steps.mjs';

/** More failures than these are no accident. */
export const MOST_IN_SECOND_RUN = 10;

/**
 * @param {import('./steps.mjs').Run} run
 * @param stacks those of lanes.mjs that have run
 * @param {typeof withStack} on starts a stack
 */
export async function secondRun(run, stacks, on = withStack) {
  const failures = stacks.map((stack) => ({ stack, failed: stack.groups.flat().flatMap((item) => failureOf(run, stack, item)) }));
  const tests = failures.flatMap(({ failed }) => failed.flatMap(({ step }) => step.failedTests));
  if (tests.length === 0) return;
  if (tests.length > MOST_IN_SECOND_RUN) {
    say(`    no second run: ${tests.length} tests failed, more than ${MOST_IN_SECOND_RUN}`);
    return;
  }
  for (const { stack, failed } of failures.filter(({ failed }) => failed.length > 0)) {
    const name = `${stack.name}, second run`;
    await on(run, { ...stack, name }, (env) => failedAgain(run, name, failed, env));
  }
}

/**
 * A step whose tests failed, with its command for them. Nothing if it passed, if it failed without a test that did, or if its
 * program did not come to its end: then some of its tests may never have run.
 */
function failureOf(run, stack, item) {
  const named = run.steps.filter(({ name }) => name === `${stack.name}: ${item.title}`);
  if (named.length > 1) throw new Error(`two steps have the name ${named[0].name}`);
  const [step] = named;
  return step?.failed && step.failedTests.length > 0 && step.areResultsComplete ? [{ step, item }] : [];
}

async function failedAgain(run, name, failed, env) {
  let all = true;
  for (const { step, item } of failed) {
    const { command, cwd, env: own } = item.again(step);
    const passed = await run.step(`${name}: ${item.title}`, async (output) => {
      await run.command(output, command, { cwd, env: { ...env, ...own } });
      const ran = new Set(output.results.tests.map((test) => test.name));
      const missing = step.failedTests.filter((test) => !ran.has(test));
      if (missing.length > 0 || !output.results.areComplete) throw new Error(`not run again: ${missing.join(', ')}`);
    }, { counted: false });
    if (passed) {
      step.failed = false;
      run.results.passInSecondRun(step.name);
    }
    all &&= passed;
  }
  return all;
}
