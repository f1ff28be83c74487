// A reporter for `node --test` that speaks as Rust's test programs do, one line for each test:
//   test the name of the test ... ok <1.234s>

import { relative } from 'node:path';

export default async function* reporter(events) {
  for await (const { type, data } of events) {
    if (type === 'test:pass' || type === 'test:fail') {
      if (data.details?.type === 'suite') continue;
      const passed = type === 'test:pass';
      const word = data.skip !== undefined || data.todo !== undefined ? 'ignored' : passed ? 'ok' : 'FAILED';
      yield `test ${data.name} ... ${word} <${(data.details.duration_ms / 1000).toFixed(3)}s>\n`;
      if (!passed) yield `  failed in ${relative(process.cwd(), data.file ?? data.name)}\n${describe(data.details.error)}\n`;
    } else if (type === 'test:diagnostic') {
      // The closing counts, which we count ourselves, come as diagnostics of no file.
      if (data.file) yield `  ${data.message}\n`;
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message;
    }
  }
}

function describe(error) {
  const cause = error?.cause ?? error;
  return (cause?.stack ?? String(cause)).replace(/^/gm, '    ');
}
