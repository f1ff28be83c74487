// spin.toml and the component agree on what an origin is that is not set.
// Needs: nothing.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../places.mjs';

test('the manifest’s default of origin_url is the one that the component takes for none', () => {
  const read = (file) => readFileSync(join(ROOT, file), 'utf8');
  const [, inManifest] = /^origin_url = \{ default = "(.+)" \}$/m.exec(read('spin.toml'));
  const [, inComponent] = /^const NO_ORIGIN: &str = "(.+)";$/m.exec(read('edge-worker/src/spin/configuration.rs'));
  assert.equal(inManifest, inComponent);
});
