// Builds all test programs and servers in one go, and knows which test programs there are.

import { spawn } from 'node:child_process';
import { dirname, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../stack/places.mjs';

/** Asked of the whole workspace always: for a choice of crates cargo would choose other features, and compile anew. */
const CARGO_OPTIONS = ['--release', '--locked', '--workspace', '--message-format', 'json-render-diagnostics'];

/** Packages whose tests in tests/ compute, and need nothing else. Any other may need a stack, and gets one. */
const WITHOUT_STACK = ['shared'];

/** All programs, and the programs of the tests in tests/. */
export const SERVERS_AND_TESTS = ['build', '--bins', '--test', '*'];
export const UNIT_TESTS = ['test', '--no-run', '--lib', '--bins'];

/**
 * Builds targets of the workspace.
 * @param {string[]} targets cargo's command with its choice of targets: `build --test origin` …
 * @param {import('./steps.mjs').Output} output where cargo's own messages go
 * @param wrap changes the command line
 * @returns {Promise<TestProgram[]>} the test programs among them
 */
export async function buildPrograms([command, ...targets], output, wrap = (line) => line) {
  const line = wrap(['cargo', command, ...CARGO_OPTIONS, ...targets]);
  const cargo = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...line], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  output.follow(cargo.stderr);
  const programs = [];
  const lines = createInterface({ input: cargo.stdout });
  lines.on('line', (line) => {
    const message = JSON.parse(line);
    if (message.reason === 'compiler-artifact' && message.profile.test && message.executable) programs.push(new TestProgram(message));
  });
  const [status] = await Promise.all([
    new Promise((resolve, reject) => cargo.once('error', reject).once('exit', resolve)),
    new Promise((resolve) => lines.once('close', resolve)),
  ]);
  if (status !== 0) throw new Error(`cargo ${command} ${targets.join(' ')} ended with ${status}`);
  return programs;
}

/** One program of tests that cargo has built: a crate's unit tests, or a crate's tests in tests/. */
export class TestProgram {
  constructor({ executable, manifest_path: manifest, target }) {
    this.executable = executable;
    /** cargo runs tests in their package's folder. */
    this.folder = dirname(manifest);
    this.name = target.name;
    this.hasUnitTests = !target.kind.includes('test');
    this.needsStack = !this.hasUnitTests && !WITHOUT_STACK.includes(relative(ROOT, this.folder));
  }

  /** Its package's folder in the clone; the whole name that a person sees. */
  get title() {
    return `${relative(ROOT, this.folder)} ${this.hasUnitTests ? 'unit tests' : this.name}`;
  }

  /** The names of its tests. */
  async list() {
    const child = spawn(this.executable, ['--list', '--format', 'terse'], { cwd: this.folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    for await (const piece of child.stdout) text += piece;
    return text.split('\n').flatMap((line) => /^(.+): test$/.exec(line)?.[1] ?? []);
  }

  /** The command line that runs its tests and tells how long each took, and the environment that it wants. */
  command({ filters = [], threads }) {
    return {
      // The time of each test is behind a flag that stable programs accept only with RUSTC_BOOTSTRAP.
      command: [this.executable, '-Zunstable-options', '--report-time', '--color=never', `--test-threads=${threads}`, ...filters],
      cwd: this.folder,
      env: { RUSTC_BOOTSTRAP: '1', CARGO_MANIFEST_DIR: this.folder },
    };
  }
}
