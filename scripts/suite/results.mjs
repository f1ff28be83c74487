// What the runners say of their tests, in one form: libtest's, which our reporter for Node speaks too.

/** `test a::b ... ok <1.234s>` */
const RESULT = /^test (.+?) \.\.\. (ok|FAILED|ignored)(?:,[^<]*)?(?: <([\d.]+)s>)?$/;

/** Collects results line by line. */
export class Results {
  /** @type {{name: string, passed: boolean, seconds: number}[]} */
  tests = [];
  ignored = [];

  read(line) {
    const [, name, word, seconds] = RESULT.exec(line) ?? [];
    if (word === 'ignored') this.ignored.push(name);
    else if (word) this.tests.push({ name, passed: word === 'ok', seconds: Number(seconds ?? 0) });
  }

  add(results, where) {
    const named = (name) => `${where}: ${name}`;
    this.tests.push(...results.tests.map((test) => ({ ...test, name: named(test.name) })));
    this.ignored.push(...results.ignored.map(named));
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
