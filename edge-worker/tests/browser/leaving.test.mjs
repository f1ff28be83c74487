// Two fans in real browsers, and one shopper at once: who empties the cart and leaves makes room for the other.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchEvent, stack, withBrowser } from './harness.mjs';

const { open } = withBrowser();
/** From the click to the other fan's shop: the meter's second, two until a rate holds, and a poll. */
const NEXT_WITHIN_MS = 20_000;

test('who gives a turn up is out, and the next fan is in within seconds', { timeout: 150_000 }, async () => {
  const eventId = await launchEvent({ limits: { most_shoppers: 1, lock_ms: 600_000 } });
  const fans = [await open(), await open()];
  for (const { page } of fans) await page.goto(`/e/${eventId}`);
  for (const fan of fans) await fan.signUp();
  for (const fan of fans) await fan.join();

  const shopper = await Promise.any(fans.map(async (fan) => {
    await fan.turn();
    return fan;
  }));
  const next = fans.find((fan) => fan !== shopper);
  let token;
  shopper.page.on('request', (request) => { token ??= request.headers()['shop-token']; });
  await shopper.hold(['1', 2]);
  await shopper.page.getByText('A-1-2', { exact: true }).waitFor();
  await shopper.page.getByRole('button', { name: 'Remove seat A-1-2' }).click();
  await shopper.page.getByText('A-1-2', { exact: true }).waitFor({ state: 'detached' });
  const cart = () => fetch(`${stack().edge}/api/v1/cart`, { headers: { 'shop-token': token } });
  assert.equal((await cart()).status, 200);

  await shopper.page.getByRole('button', { name: 'Give up your turn' }).click();
  await shopper.page.getByText('your time there is over').waitFor();
  await shopper.page.getByRole('button', { name: 'Give it up' }).click();
  await shopper.page.getByRole('heading', { name: 'Join the queue' }).waitFor();
  const leftAt = Date.now();
  while ((await cart()).status === 200) {
    assert.ok(Date.now() < leftAt + 2_000, 'the token of who has left is still good');
    await sleep(50);
  }
  assert.deepEqual([(await cart()).status, (await (await cart()).json()).error], [401, 'shop_token_ended']);
  await next.turn();
  assert.ok(Date.now() < leftAt + NEXT_WITHIN_MS, `after ${Date.now() - leftAt} ms`);
  await next.hold(['1', 2]);
  await next.page.getByText('A-1-2', { exact: true }).waitFor();
  for (const fan of fans) {
    assert.deepEqual(fan.complaints, []);
    await fan.close();
  }
});
