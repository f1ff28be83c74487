// The steps of a run: each has a name, a log, a time and an end. Steps run beside each other; one that fails stops no other.

import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../stack/places.mjs';
import { Results } from './results.mjs';

const LOGS = join(ROOT, '.stanchion', 'test-logs');
/** Of a step that failed so many lines are shown; all of them are in its log. */
const LINES_SHOWN = 300;
const STOP_LIMIT_MS = 10_000;

/** All steps of one run of scripts/test. */
export class Run {
  steps = [];
  results = new Results();
  #children = new Set();
  #began = performance.now();
  #live;
  #logs;

  /**
   * @param {boolean} live whether output is shown as it comes: good for one step, unreadable for several at once
   * @param {string} logs a folder for a log of each step, emptied now
   */
  constructor({ live, logs = LOGS }) {
    this.#live = live;
    this.#logs = logs;
    rmSync(logs, { recursive: true, force: true });
    mkdirSync(logs, { recursive: true });
  }

  get failed() {
    return this.steps.some(({ failed }) => failed) || this.results.failed > 0;
  }

  get seconds() {
    return (performance.now() - this.#began) / 1000;
  }

  /**
   * Runs `work` as a step. A step whose work fails is shown with the end of its output, and is a failure of the run.
   * @param {(output: Output) => Promise<void>} work
   * @param {{counted?: boolean}} how `counted`: whether the results of its tests count
   * @returns {Promise<boolean>} whether it passed
   */
  async step(name, work, { counted = true } = {}) {
    const began = performance.now();
    const output = new Output(join(this.#logs, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.log`), { live: this.#live });
    say(this.#live ? `=== ${name}` : `    ${name} …`);
    let failure = null;
    try {
      await work(output);
    } catch (error) {
      failure = error;
    }
    await output.end();
    const { results } = output;
    if (counted) this.results.add(results, name);
    const failedTests = results.tests.filter(({ passed }) => !passed).map((test) => test.name);
    const step = {
      name, seconds: (performance.now() - began) / 1000, failed: failure !== null, tests: results.tests.length,
      failedTests, failedFiles: [...results.failedFiles], areResultsComplete: results.areComplete,
    };
    this.steps.push(step);
    if (failure && !this.#live) say(output.tail(LINES_SHOWN));
    if (failure) say(`    ${failure.message}${this.#live ? '' : ` (whole log: ${output.file})`}`);
    say(`=== ${name} ${failure ? 'FAILED' : 'passed'}${told(step)}`);
    return failure === null;
  }

  /** Runs a command to its end with its output in `output`; fails unless it ends with 0. */
  async command(output, command, { cwd = ROOT, env = {} } = {}) {
    // The kernel ends it when this process dies, even by kill -9.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...command], {
      cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true, // a group of its own, to end as a whole
    });
    this.#children.add(child);
    const streams = [output.follow(child.stdout), output.follow(child.stderr)];
    const how = await new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? code));
    });
    await Promise.all(streams);
    this.#children.delete(child);
    if (how !== 0) throw new Error(`${command.join(' ')} ended with ${how}`);
  }

  /** Ends every command that still runs: the run was interrupted. */
  async interrupt() {
    const ended = [...this.#children].map((child) => new Promise((resolve) => child.once('close', resolve)));
    for (const child of this.#children) signalGroup(child, 'SIGTERM');
    const late = setTimeout(() => this.#children.forEach((child) => signalGroup(child, 'SIGKILL')), STOP_LIMIT_MS);
    await Promise.all(ended);
    clearTimeout(late);
  }
}

/** The output of a step: goes to its log, is searched for results of tests, and is shown as it comes if it is live. */
export class Output {
  results = new Results();

  constructor(file, { live }) {
    this.file = file;
    this.live = live;
    this.log = createWriteStream(file);
  }

  line(text) {
    this.log.write(`${text}\n`);
    this.results.read(text);
    if (this.live) say(text);
  }

  /** Takes all lines of a stream. @returns {Promise<void>} at its end */
  follow(stream) {
    const lines = createInterface({ input: stream });
    lines.on('line', (text) => this.line(text));
    return new Promise((resolve) => lines.once('close', resolve));
  }

  end() {
    return new Promise((resolve) => this.log.end(resolve));
  }

  tail(count) {
    return readFileSync(this.file, 'utf8').trimEnd().split('\n').slice(-count).map((line) => `  | ${line}`).join('\n');
  }
}

function told({ seconds, tests }) {
  return ` (${seconds.toFixed(0)} s${tests > 0 ? `, ${tests} tests` : ''})`;
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has ended
  }
}

export function say(text) {
  process.stdout.write(`${text}\n`);
}

/**
 * The command, so that it computes only while nobody else wants to. The kernel weighs sessions against each other before it looks
 * at a process's own priority: both are set.
 */
export function givingWay(command) {
  return ['sh', '-c', 'echo 19 2>/dev/null >/proc/self/autogroup; exec nice -n 19 "$@"', 'sh', ...command];
}
