// The signals that the page takes from the events of a real browser; and a program learns why it is refused.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchEvent, PHONE, withBrowser } from './harness.mjs';

const { open } = withBrowser();

/** A fan who is signed in and has touched nothing since the page was opened. @returns the signals of the join that `act` makes */
async function signals(options, act) {
  const fan = await open(options);
  const { page } = fan;
  fan.expect(/status of 403/);
  await page.goto(`/e/${await launchEvent({ onSaleInMs: 600_000 })}`);
  await fan.signUp();
  await page.reload();
  const button = page.getByRole('button', { name: 'Join the queue' });
  await button.waitFor();
  const [request] = await Promise.all([page.waitForRequest(/\/queue\/join$/), act(page, button)]);
  return { fan, seen: request.postDataJSON().signals };
}

const CASES = [
  ['a mouse', {}, (page, button) => button.click(), ({ pointer, touch, key }) => pointer > 0 && touch === 0 && key === 0],
  ['a finger', PHONE, (page, button) => button.tap(), ({ pointer, touch, key }) => pointer === 0 && touch > 0 && key === 0],
  ['a keyboard', {}, async (page, button) => {
    while (!(await button.evaluate((element) => element === document.activeElement))) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
  }, ({ pointer, touch, key }) => pointer === 0 && touch === 0 && key > 1],
];

for (const [name, options, act, expected] of CASES) {
  test(`the page sees ${name}, and that this browser is steered: a suspect, who still gets a place`, { timeout: 60_000 }, async () => {
    const { fan, seen } = await signals(options, act);
    assert.ok(expected(seen), JSON.stringify(seen));
    assert.equal(seen.webdriver, true);
    assert.equal(await fan.tier(), 2);
    assert.deepEqual(fan.complaints, []);
    await fan.close();
  });
}

test('a program that clicks by script is no input, and the page says what helps', { timeout: 60_000 }, async () => {
  const { fan, seen } = await signals({}, (page, button) => button.evaluate((element) => element.click()));
  const { pointer, touch, key, assisted } = seen;
  assert.deepEqual({ pointer, touch, key, assisted }, { pointer: 0, touch: 0, key: 0, assisted: 0 });
  await fan.page.getByText(/This join looks like a program.s\. .* in a browser without automation/).waitFor();
  assert.deepEqual(fan.complaints, []);
  await fan.close();
});
