// Waiting in a real browser: the page keeps a fan's place whatever happens, and says how things stand.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { admin, launchEvent, noBarriers, withBrowser } from './harness.mjs';

const { visit } = withBrowser();

// Most of the time every fan waits, so some wait at once.
describe('in a browser', { concurrency: 3 }, () => {
  visit('a reload and a new tab keep the place; only the account that holds it gets in', {}, async (fan) => {
    const { page } = fan;
    const eventId = await launchEvent({ onSaleInMs: 15_000 });
    await page.goto(`/e/${eventId}`);
    const email = await fan.signUp();
    await fan.join();
    const receipt = await page.locator('#proof-receipt').inputValue();

    await page.reload();
    await page.getByRole('heading', { name: 'You are in' }).waitFor();
    assert.equal(await page.locator('#proof-receipt').inputValue(), receipt);

    // A new tab knows the place and nobody's account.
    const tab = await fan.context.newPage();
    await page.close();
    await tab.goto(`/e/${eventId}`);
    await tab.getByText('You are not signed in in this tab').waitFor();
    fan.page = tab;
    await noBarriers(fan, 'signed out');
    await tab.getByText(/It is your turn\. Sign in by/).waitFor({ timeout: 60_000 });
    await noBarriers(fan, 'sign in for the turn');
    await fan.signIn(email);
    await fan.turn();
    await fan.hold(['1', 1]);
    await tab.getByText('A-1-1', { exact: true }).waitFor();

    await tab.reload();
    await fan.turn();
    await tab.getByText('A-1-1', { exact: true }).waitFor();
    assert.equal(await tab.locator('#proof-receipt').inputValue(), receipt);
  });

  visit('a lost connection costs neither the place nor the page', {}, async (fan) => {
    const { page } = fan;
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 10_000 })}`);
    await fan.signUp();
    await fan.join();
    fan.expect(/ERR_INTERNET_DISCONNECTED/);
    await fan.context.setOffline(true);
    await page.getByText(/The connection is lost\. Your place is safe/).waitFor({ timeout: 60_000 });
    await noBarriers(fan, 'connection lost');
    await fan.context.setOffline(false);
    await page.locator('#connection').waitFor({ state: 'hidden' });
    await fan.turn();
  });

  visit('a fan who leaves the queue can join again', {}, async (fan) => {
    const { page } = fan;
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 30_000 })}`);
    await fan.signUp();
    await fan.join();
    await page.getByRole('button', { name: 'Leave the queue' }).click();
    await page.getByRole('button', { name: 'Keep my place' }).waitFor();
    await noBarriers(fan, 'leave');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'You are in' }).waitFor();
    await page.getByRole('button', { name: 'Leave the queue' }).click();
    await page.getByRole('button', { name: 'Give it up' }).click();
    await page.getByRole('heading', { name: 'Join the queue' }).waitFor();
    await fan.join();
    await page.getByRole('heading', { name: 'You are in' }).waitFor();
  });

  visit('a paused queue says so, keeps the place, and goes on by itself', {}, async (fan) => {
    const { page } = fan;
    const eventId = await launchEvent({ onSaleInMs: 6_000 });
    await page.goto(`/e/${eventId}`);
    await fan.signUp();
    await fan.join();
    await admin('POST', `/events/${eventId}/pause`);
    await page.getByRole('heading', { name: 'The queue is paused' }).waitFor();
    await noBarriers(fan, 'paused');
    assert.equal(await page.locator('#queue-value').textContent(), '1');
    await admin('POST', `/events/${eventId}/resume`);
    await fan.turn();
  });

  visit('when the time in the shop is over the fan is told so and can queue again', {}, async (fan) => {
    const { page } = fan;
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 1_000, limits: { shopping_ms: 10_000 } })}`);
    await fan.signUp();
    await fan.join();
    await fan.turn();
    // The plan may be asked for once more in the last moment.
    fan.expect(/status of 401/);
    await page.getByRole('heading', { name: 'Your turn is over' }).waitFor();
    await noBarriers(fan, 'expired');
    await page.getByRole('button', { name: 'Join again' }).click();
    await fan.join();
    await fan.turn();
  });

  visit('a wrong clock on the device does not change a countdown', {}, async (fan) => {
    const { page } = fan;
    await page.addInitScript(() => {
      const { now } = Date;
      Date.now = () => now() + 600_000;
    });
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 50_000 })}`);
    await fan.signUp();
    const shown = () => page.locator('#join-countdown:visible, #queue-value:visible').textContent();
    // A countdown rounds up: a quick browser sees all 50 seconds.
    assert.match(await shown(), /^0:(?:50|[1-4]\d)$/);
    await fan.join();
    await page.reload();
    await page.getByRole('heading', { name: 'You are in' }).waitFor();
    assert.match(await shown(), /^0:(?:50|[0-4]\d)$/);
  });
});
