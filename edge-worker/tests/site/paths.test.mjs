// Some hundred spellings of guarded paths and as many ordinary addresses, sent as bytes to the gate in front of a site.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askEdge } from '../../../scripts/stack/signed.mjs';
import { echoSite, edgeSite, KEY, OWN, putEvent, raw, RULES, targets, untilEffective } from './harness.mjs';

const EVENT = 'site-paths';
let site;

before(async () => {
  site = await echoSite();
  await edgeSite('start');
  await putEvent(EVENT, { policy: { gate: { paths: RULES } } });
  await putEvent('site-paths-two', { policy: { gate: { paths: ['/other/*'], mode: 'passthrough' } } });
  await untilEffective();
});
after(async () => {
  await edgeSite('stop');
  await site.close();
});

test('no spelling of a guarded path reaches the site without a session, by whatever method', async () => {
  const guarded = targets('guarded');
  assert.ok(guarded.length >= 300);
  for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS']) {
    for (const target of guarded) {
      const { status } = await raw(method, target, method === 'POST' ? ['Content-Length: 0'] : []);
      assert.ok(status >= 400, `${method} ${target}: ${status}`);
    }
  }
  assert.deepEqual(site.seen.map(({ method, url }) => `${method} ${url}`), []);
});

test('an ordinary address reaches the site without a session, byte for byte', async () => {
  const ordinary = targets('ordinary');
  assert.ok(ordinary.length >= 100);
  for (const target of ordinary) {
    const { status } = await raw('GET', target);
    assert.equal(status, 200, target);
    assert.equal(site.seen.at(-1).url, target);
  }
});

test('a spelling that one event lets pass must not be a way around the gate of another', async () => {
  await putEvent('site-paths', { policy: { gate: { paths: ['/other/*'], mode: 'passthrough' } } });
  await putEvent('site-paths-two', { policy: { gate: { paths: RULES } } });
  await untilEffective();
  site.seen.length = 0;
  for (const target of ['/%2573hop/x', '/buy%00', '/x/..%2fbuy', '/buy/']) {
    assert.equal((await raw('GET', target)).status, 503, target);
  }
  assert.equal((await raw('GET', '/other/x')).status, 200);
  assert.deepEqual(site.seen.map(({ url }) => url), ['/other/x']);
});

test('settings that guard one page only are answered with a warning', async () => {
  const warnings = async (paths) => (await putEvent(EVENT, { policy: { gate: { paths } } })).warnings;
  assert.deepEqual(await warnings(['/shop/*', '/buy']), [
    'gate.paths: /buy guards that page only, not /buy/x or /buy.json. /buy* guards all of them.',
  ]);
  assert.equal(await warnings(['/shop/*', '/buy*']), undefined);
  const refused = await askEdge({ edge: OWN, key: KEY, method: 'PUT', path: `/events/${EVENT}`, body: JSON.stringify({ ...putEvent.last, policy: { gate: { paths: ['/a/../b'] } } }) });
  assert.equal(refused.status, 422);
});
