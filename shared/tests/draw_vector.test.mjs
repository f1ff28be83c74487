// The published vector is what an independent implementation computes, and its shuffle is that of the
// specification.
// Needs: nothing.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { computeShuffledIndex, drawVector, shuffledIndexes } from './draw_vector.mjs';

test('the published vector is what an independent implementation works out', () => {
  const published = JSON.parse(readFileSync(new URL('vectors/draw.json', import.meta.url), 'utf8'));
  assert.deepEqual(JSON.parse(JSON.stringify(drawVector())), published);
});

test("the package's lists are compute_shuffled_index of the specification", () => {
  for (const count of [1, 2, 7, 256, 300]) {
    const seed = createHash('sha256').update(`list ${count}`).digest();
    const expected = Array.from({ length: count }, (_, index) => computeShuffledIndex(index, count, seed));
    assert.deepEqual(shuffledIndexes(count, seed), expected);
  }
});
