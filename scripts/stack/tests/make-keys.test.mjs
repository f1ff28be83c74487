// The secrets that scripts/make-keys prints have the form that the edge wants, and are others each time.
// Needs: nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../places.mjs';

/** What a shell has after it has read the output. */
function read(...args) {
  const shell = ['-c', 'eval "$("$@")" && env -0', 'sh', join(ROOT, 'scripts/make-keys'), ...args];
  const output = execFileSync('bash', shell, { encoding: 'utf8', env: { PATH: process.env.PATH } });
  return Object.fromEntries(output.split('\0').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

test('scripts/make-keys makes the four secrets of an edge, for both runtimes', () => {
  for (const [args, prefix] of [[[], 'STANCHION_'], [['--spin'], 'SPIN_VARIABLE_']]) {
    const [keys, others] = [read(...args), read(...args)];
    for (const name of ['CONTROL_KEY', 'CHALLENGE_KEY']) assert.match(keys[prefix + name], /^[0-9a-f]{64}$/);
    assert.match(keys[`${prefix}TICKET_KEYS`], /^0:[0-9a-f]{64}$/);
    const { keys: [signing] } = JSON.parse(keys[`${prefix}SIGNING_KEYS`]);
    assert.deepEqual([signing.kty, signing.crv], ['OKP', 'Ed25519']);
    const halves = createPublicKey(createPrivateKey({ key: signing, format: 'jwk' })).export({ format: 'jwk' });
    assert.equal(halves.x, signing.x, 'both halves are of one key');
    const names = ['CONTROL_KEY', 'CHALLENGE_KEY', 'TICKET_KEYS', 'SIGNING_KEYS'].map((name) => prefix + name);
    for (const name of names) assert.notEqual(keys[name], others[name]);
  }
});
