// An edge that has just started knows no event. Whatever it is asked for first, and however much at once, no guarded page is open
// until it has read which events there are.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser, echoSite, edgeSite, putEvent, untilEffective } from './harness.mjs';

const EVENT = 'site-cold';
const STARTS = 3;
const AT_ONCE = 48;
const ASKED = [
  ['/cold/seats', 503], ['/cold', 503], ['//cold/', 503], ['/COLD/x', 503], ['/elsewhere', 200],
  [`/.stanchion/api/v1/events/${EVENT}/queue`, 200], [`/.stanchion/api/v1/events/${EVENT}/schedule`, 200],
  ['/.stanchion/api/v1/events/nobody-has-put-this/queue', 404],
];
let site;

before(async () => {
  site = await echoSite();
  await edgeSite('start');
  await putEvent(EVENT, { onSaleInMs: 3_600_000, policy: { gate: { paths: ['/cold*'] } } });
  await untilEffective();
});
after(async () => {
  await edgeSite('stop');
  await site.close();
});

test('a cold edge that is asked many things at once lets nobody through to a guarded page', { timeout: 120_000 }, async () => {
  for (let start = 0; start < STARTS; start += 1) {
    await edgeSite('stop');
    await edgeSite('start');
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, async (_, number) => {
      const [path, status] = ASKED[(number + start) % ASKED.length];
      return { path, status, answer: await new Browser().ask(path) };
    }));
    for (const { path, status, answer } of answers) assert.equal(answer.status, status, `${path}: ${answer.text.slice(0, 200)}`);
  }
  assert.deepEqual([...new Set(site.seen.map(({ url }) => url))], ['/elsewhere']);
});
