// The page when the time is over for which seats are held.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchEvent, openBrowser, stack, Visit } from './harness.mjs';

test('a seat whose hold has ended is shown as gone and cannot be paid', { timeout: 120_000 }, async () => {
  stack();
  const browser = await openBrowser();
  const fan = await Visit.open(browser);
  try {
    const { page } = fan;
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 1_000, limits: { lock_ms: 8_000 } })}`);
    await fan.signUp();
    await fan.join();
    await fan.turn();
    await fan.hold(['1', 2]);
    await page.locator('#pay').waitFor();

    // The page asks by itself: nothing is pressed.
    await page.getByText('No longer held for you').waitFor();
    await page.locator('#pay').waitFor({ state: 'hidden' });
    assert.deepEqual(fan.complaints, []);
  } finally {
    await fan.close();
    await browser.close();
  }
});
