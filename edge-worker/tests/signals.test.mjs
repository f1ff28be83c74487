// The page's summary of how it was used, against traces of people and programs. What the score makes of the same summaries
// is in shared/tests/rules/page_traces.rs.
// Needs: nothing.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Signals } from '../web/signals.js';

const vectors = new URL('../../shared/tests/vectors/page_traces.json', import.meta.url);
const { traces } = JSON.parse(readFileSync(vectors, 'utf8'));

function summary({ events, webdriver, on_page_ms: onPageMs }) {
  const signals = new Signals();
  for (const { at, ...event } of events) signals.saw({ isTrusted: true, timeStamp: at, ...event });
  return signals.summary({ onPageMs, webdriver });
}

for (const trace of traces) {
  test(`the summary of: ${trace.name}`, () => assert.deepEqual(summary(trace), trace.summary));
}

test('counts and the time on the page end where the edge stops reading them', () => {
  const signals = new Signals();
  for (let at = 0; at < 100_005; at += 1) signals.saw({ type: 'keydown', isTrusted: true, timeStamp: at * 10_000 });
  const { key, intervals, mean_ms: mean, on_page_ms: onPage } = signals.summary({ onPageMs: 1_000_050_000, webdriver: false });
  assert.deepEqual({ key, intervals, onPage }, { key: 100_000, intervals: 100_000, onPage: 604_800_000 });
  assert.ok(intervals * mean <= onPage);
});
