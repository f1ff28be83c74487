// The challenges follow ALTCHA's protocol: its public library verifies the vector, solves the
// challenge, and makes the same one. rules/altcha.rs compares the Rust code with the same vector.
// Needs: nothing.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';

const { createChallenge, solveChallenge, verifySolution } =
  createRequire(join(process.env.STANCHION_NODE, 'node_modules/'))('altcha-lib/v1');

const vector = JSON.parse(readFileSync(new URL('vectors/altcha.json', import.meta.url), 'utf8'));
const { key, challenge, number, payload } = vector;

test('the library verifies our solved challenge, and none that was changed', async () => {
  assert.equal(await verifySolution(payload, key, false), true);
  assert.equal(await verifySolution(payload, `${key}.`, false), false);
  const changed = { ...JSON.parse(atob(payload)), number: number + 1 };
  assert.equal(await verifySolution(changed, key, false), false);
});

test('the library sees that the vector has expired long ago', async () => {
  assert.equal(await verifySolution(payload, key), false);
});

test('the library solves our challenge', async () => {
  const { promise } = solveChallenge(challenge.challenge, challenge.salt, challenge.algorithm, challenge.maxnumber);
  assert.equal((await promise).number, number);
});

test('the library makes the same challenge of the same salt and number', async () => {
  const { salt, maxnumber } = challenge;
  const { algorithm, challenge: hash, signature } = await createChallenge({ hmacKey: key, salt, number, maxnumber });
  assert.deepEqual({ algorithm, challenge: hash, signature }, {
    algorithm: challenge.algorithm, challenge: challenge.challenge, signature: challenge.signature,
  });
});
