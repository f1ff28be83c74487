// What the runners say of their tests, in one form: libtest's, which our reporter for Node speaks too.

/** `test a::b ... ok <1.234s>` */
const RESULT = /^test (.+?) \.\.\. (ok|FAILED|ignored)(?:,[^<]*)?(?: <([\d.]+)s>)?$/;

/** `test result: FAILED. 3 passed; 1 failed; …`: what a runner says of its program, or of one file, at the end. */
const SUMMARY = /^test result: \w+\. (\d+) passed; (\d+) failed/;
/** `running the file a/b.test.mjs`: what follows is of this file. */
const FILE = /^running the file (.+)$/;

/** Collects results line by line. */
export class Results {
  /** @type {{name: string, passed: boolean, seconds: number, secondRun?: boolean}[]} */
  tests = [];
  ignored = [];
  failedFiles = new Set();
  /** What the runners themselves have counted; null: none has said so. */
  #counted = null;
  #file = null;

  read(line) {
    this.#file = FILE.exec(line)?.[1] ?? this.#file;
    const [, passed, failed] = SUMMARY.exec(line) ?? [];
    if (passed) {
      this.#counted ??= { passed: 0, failed: 0 };
      this.#counted.passed += Number(passed);
      this.#counted.failed += Number(failed);
    }
    const [, name, word, seconds] = RESULT.exec(line) ?? [];
    if (word === 'ignored') this.ignored.push(name);
    else if (word) this.tests.push({ name, passed: word === 'ok', seconds: Number(seconds ?? 0) });
    if (word === 'FAILED' && this.#file) this.failedFiles.add(this.#file);
  }

  /** Whether the runners came to their end and counted what was read here. Otherwise nobody knows what has not run. */
  get areComplete() {
    return this.#counted !== null && this.#counted.passed === this.passed && this.#counted.failed === this.failed;
  }

  add(results, where) {
    const named = (name) => `${where}: ${name}`;
    this.tests.push(...results.tests.map((test) => ({ ...test, name: named(test.name) })));
    this.ignored.push(...results.ignored.map(named));
  }

  /** Tests of this step that failed have passed in a second run. */
  passInSecondRun(where) {
    for (const test of this.tests) {
      if (!test.passed && test.name.startsWith(`${where}: `)) Object.assign(test, { passed: true, secondRun: true });
    }
  }

  get passed() {
    return this.tests.filter(({ passed }) => passed).length;
  }

  get failed() {
    return this.tests.length - this.passed;
  }

  slowest(count) {
    return [...this.tests].sort((a, b) => b.seconds - a.seconds).slice(0, count);
  }
}
