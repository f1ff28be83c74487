// A reporter for `node --test` that speaks as Rust's test programs do, one line for each test and one at the end:
//   test the name of the test ... ok <1.234s>
//   test result: ok. 1 passed; 0 failed

export default async function* reporter(events) {
  const counts = { passed: 0, failed: 0 };
  for await (const { type, data } of events) {
    if (type === 'test:pass' || type === 'test:fail') {
      if (data.details?.type === 'suite') continue;
      const passed = type === 'test:pass';
      const ignored = data.skip !== undefined || data.todo !== undefined;
      if (!ignored) counts[passed ? 'passed' : 'failed'] += 1;
      const word = ignored ? 'ignored' : passed ? 'ok' : 'FAILED';
      yield `test ${data.name} ... ${word} <${(data.details.duration_ms / 1000).toFixed(3)}s>\n`;
      if (!passed) yield `${describe(data.details.error)}\n`;
    } else if (type === 'test:diagnostic') {
      // The closing counts, which we count ourselves, come as diagnostics of no file.
      if (data.file) yield `  ${data.message}\n`;
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message;
    }
  }
  yield `test result: ${counts.failed > 0 ? 'FAILED' : 'ok'}. ${counts.passed} passed; ${counts.failed} failed\n`;
}

function describe(error) {
  const cause = error?.cause ?? error;
  return (cause?.stack ?? String(cause)).replace(/^/gm, '    ');
}
