// The documented examples of a site that checks the shop token itself, in Node and in Python, as they stand.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BEHIND, Browser, edgeSite, OWN, putEvent, settle } from './stage.mjs';

const EVENT = 'site-two';

before(async () => {
  await edgeSite('start');
  await putEvent(EVENT, { policy: { gate: { paths: ['/tickets', '/tickets/*'] } } });
  await settle();
});
after(() => edgeSite('stop'));

for (const [name, command] of [
  ['Node', [process.execPath, 'edge-worker/examples/site.mjs']],
  ['Python', ['/usr/bin/python3', 'edge-worker/examples/site.py']],
]) {
  test(`the example in ${name} lets in who has a session, and nobody who comes around the edge`, async (t) => {
    const server = spawn(command[0], command.slice(1), {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, STANCHION_EDGE_URL: OWN, STANCHION_EVENT: EVENT, PORT: new URL(BEHIND).port },
    });
    t.after(() => new Promise((resolve) => server.once('exit', resolve) && server.kill()));
    await answering(`${BEHIND}/`);

    const fan = new Browser();
    assert.match((await fan.comeIn('/tickets', EVENT)).text, /^Welcome, [0-9a-f]{32}: yours was place \d+\.$/m);
    const token = fan.cookies.get(`stanchion-shop.${EVENT}`);
    const around = (token) => fetch(`${BEHIND}/tickets`, { headers: token ? { 'shop-token': token } : {} });
    assert.equal((await around(token)).status, 200, 'the token is good wherever it is shown');
    const [head, payload, signature] = token.split('.');
    const unsigned = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url')), alg: 'none' })).toString('base64url');
    // Not the end: a signature's last byte is a small number, and one in sixteen is 0 already.
    const changed = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
    for (const forged of [undefined, 'x', `${head}.${payload}.${changed}`, `${unsigned}.${payload}.`, fan.cookies.get('stanchion-visitor')]) {
      assert.equal((await around(forged)).status, 403, forged);
    }
  });
}

async function answering(url) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await fetch(url).then(() => true, () => false)) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}
