// What counts when a test fails and runs again.
// Needs: nothing.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MOST_IN_SECOND_RUN, secondRun } from '../second-run.mjs';
import { Run } from '../steps.mjs';

const NAME = 'a stack';
const TITLE = 'a program';

/** A run with one step in which one test passed and so many failed. @param ends whether the program came to its end */
async function failedStep(count, { ends = true } = {}) {
  const run = new Run({ live: false, logs: mkdtempSync(join(tmpdir(), 'second-run-')) });
  const lines = ['test good ... ok <0.1s>'];
  for (let number = 0; number < count; number += 1) lines.push(`test bad${number} ... FAILED <0.1s>`);
  if (ends) lines.push(`test result: FAILED. 1 passed; ${count} failed; 0 ignored`);
  await run.step(`${NAME}: ${TITLE}`, async (output) => {
    lines.forEach((line) => output.line(line));
    throw new Error('ended with 101');
  });
  return run;
}

/** The stack of that step, whose failed tests end so when they run again. */
function stackWhere(word) {
  const again = ({ failedTests }) => ({ command: ['sh', '-c', `${failedTests.map((name) => `echo 'test ${name} ... ${word} <0.1s>'`).join(';')}; echo 'test result: x. ${word === 'ok' ? failedTests.length : 0} passed; ${word === 'ok' ? 0 : failedTests.length} failed'; ${word === 'ok' ? 'true' : 'false'}`] });
  return { name: NAME, groups: [[{ title: TITLE, again }]] };
}

const withoutStack = (run, stack, use) => use({});

test('a test that passes in the second run has passed, and is named', async () => {
  const run = await failedStep(2);
  assert.deepEqual([run.failed, run.results.passed, run.results.failed], [true, 1, 2]);
  await secondRun(run, [stackWhere('ok')], withoutStack);
  assert.deepEqual([run.failed, run.results.passed, run.results.failed], [false, 3, 0]);
  const named = run.results.tests.filter((one) => one.secondRun).map(({ name }) => name);
  assert.deepEqual(named, [`${NAME}: ${TITLE}: bad0`, `${NAME}: ${TITLE}: bad1`]);
});

test('a test that fails in the second run has failed once', async () => {
  const run = await failedStep(1);
  await secondRun(run, [stackWhere('FAILED')], withoutStack);
  assert.deepEqual([run.failed, run.results.passed, run.results.failed], [true, 1, 1]);
});

test('a second run that does not run the failed test changes nothing', async () => {
  const run = await failedStep(1);
  const nothing = { name: NAME, groups: [[{ title: TITLE, again: () => ({ command: ['true'] }) }]] };
  await secondRun(run, [nothing], withoutStack);
  assert.deepEqual([run.failed, run.results.failed], [true, 1]);
});

test('a program that did not come to its end has no second run: some of its tests may never have run', async () => {
  const run = await failedStep(1, { ends: false });
  let started = 0;
  await secondRun(run, [stackWhere('ok')], () => { started += 1; });
  assert.deepEqual([run.failed, started], [true, 0]);
});

test('a step that fails without a test, and more failures than an accident makes, have no second run', async () => {
  for (const count of [0, MOST_IN_SECOND_RUN + 1]) {
    const run = await failedStep(count);
    let started = 0;
    await secondRun(run, [stackWhere('ok')], () => { started += 1; });
    assert.deepEqual([run.failed, started], [true, 0]);
  }
});
