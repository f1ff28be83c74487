// What the runners say of their tests, in one form: libtest's, which our reporter for Node speaks too.

/** `test a::b ... ok <1.234s>` */
const RESULT = /^test (.+?) \.\.\. (ok|FAILED|ignored)(?:,[^<]*)?(?: <([\d.]+)s>)?$/;

/** `  failed in a/b.test.mjs`: of JavaScript's tests the runner knows the file. */
const FAILED_FILE = /^ {2}failed in (.+)$/;

/** Collects results line by line. */
export class Results {
  /** @type {{name: string, passed: boolean, seconds: number, secondRun?: boolean}[]} */
  tests = [];
  ignored = [];
  failedFiles = new Set();

  read(line) {
    const [, file] = FAILED_FILE.exec(line) ?? [];
    if (file) this.failedFiles.add(file);
    const [, name, word, seconds] = RESULT.exec(line) ?? [];
    if (word === 'ignored') this.ignored.push(name);
    else if (word) this.tests.push({ name, passed: word === 'ok', seconds: Number(seconds ?? 0) });
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
