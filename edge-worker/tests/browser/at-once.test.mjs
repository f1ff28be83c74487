// An event whose gate is `when_busy`, in a real browser: while nobody waits a fan who joins is in the shop at once, without a
// queue ticket, and keeps the session over a reload.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { admin, launchEvent, noBarriers, withBrowser } from './harness.mjs';

const { visit } = withBrowser();

/** An event that lets people in at once, and the fan is in. @returns the event's id */
async function inAtOnce(fan) {
  const { page } = fan;
  // A browser that a program steers is a suspect, and suspects queue.
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false }));
  const eventId = await launchEvent({ onSaleInMs: 1_000, queue: { gate: { mode: 'when_busy' } }, limits: { lock_ms: 600_000 } });
  // The meter has to say once how many may be in, and what it says holds two seconds later.
  await sleep(8_000);
  await page.goto(`/e/${eventId}`);
  await fan.signUp();
  await page.getByRole('button', { name: 'Join the queue' }).click();
  await fan.turn();
  return eventId;
}

visit('a fan who joins while nobody waits is in the shop at once, keeps the session over a reload, and leaves', {}, async (fan) => {
  const { page } = fan;
  const eventId = await inAtOnce(fan);
  await noBarriers(fan, 'in at once');
  await fan.hold(['1', 1]);
  await page.getByText('A-1-1', { exact: true }).waitFor();

  await page.reload();
  await fan.turn();
  await page.getByText('A-1-1', { exact: true }).waitFor();
  assert.equal(await page.evaluate((id) => localStorage.getItem(`stanchion.place.${id}`), eventId), null, 'there is no ticket');

  await page.getByRole('button', { name: 'Remove seat A-1-1' }).click();
  await page.getByText('A-1-1', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Give up your turn' }).click();
  await page.getByRole('button', { name: 'Give it up' }).click();
  await page.getByRole('heading', { name: 'Join the queue' }).waitFor();
});

visit('who has bought is out, has the tickets, and may come in again', {}, async (fan) => {
  const { page } = fan;
  const eventId = await inAtOnce(fan);
  // The page itself leaves, too. It is kept from that here: the edge ends the session by the origin's word.
  fan.expect(/net::ERR_FAILED/);
  await page.route('**/queue/leave', (route) => route.abort());
  await fan.hold(['1', 1]);
  await fan.pay('Visa that pays');
  assert.deepEqual(await fan.tickets(), ['Seat A-1-1']);
  const running = async () => (await admin('GET', `/events/${eventId}/stats`)).edge.sessions.active;
  const deadline = Date.now() + 30_000;
  while (await running() > 0) {
    assert.ok(Date.now() < deadline, 'the slot is not free');
    await sleep(200);
  }

  await page.reload();
  assert.deepEqual(await fan.tickets(), ['Seat A-1-1']);
  await page.getByRole('button', { name: 'To the queue' }).click();
  await page.getByRole('button', { name: 'Join the queue' }).click();
  await fan.turn();
});
