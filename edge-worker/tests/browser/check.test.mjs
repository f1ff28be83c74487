// 'Check my place' in a real browser: the checker is WebAssembly there, and names what somebody altered on the way.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchEvent, openBrowser, Visit } from './stage.mjs';

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

/** What is checked, in order, where no beacon was announced and nothing was noted of a frozen draw. */
const STEPS = ['receipt', 'commitment', 'announced', 'record', 'signature', 'secret', 'times', 'beacon', 'counts', 'chain', 'ticket', 'logs', 'place'];

test('a fan checks the own place step by step, and every lie is named', { timeout: 180_000 }, async () => {
  const fan = await Visit.open(browser);
  try {
    const { page } = fan;
    const eventId = await launchEvent({ limits: { shards: 2 } });
    await page.goto(`/e/${eventId}`);
    await fan.signUp();
    await fan.join();
    await fan.turn();
    await page.getByText('How your place is drawn').click();
    const place = await page.locator('#proof-facts div', { hasText: 'Your place' }).locator('dd').textContent();
    await page.getByRole('link', { name: 'Check my place' }).click();

    await page.getByRole('heading', { name: 'Check my place' }).waitFor();
    assert.equal(await page.getByLabel('The place you were told').inputValue(), place, 'what this device noted is filled in');
    assert.deepEqual(await check(page), { holds: STEPS, fails: [] });
    assert.equal(await page.locator('#check-verdict').textContent(), `Everything holds: your place is ${place}.`);
    assert.deepEqual(await fan.barriers(), []);
    assert.deepEqual(await fan.tooWide(), []);

    await page.getByLabel('The place you were told').fill('4711');
    assert.deepEqual((await check(page)).fails, ['place']);
    await page.getByLabel('The place you were told').fill(place);
    const receipt = await page.getByLabel('Receipt').inputValue();
    await page.getByLabel('Receipt').fill(receipt.replace(/.(.)$/, (pair) => (pair.startsWith('A') ? 'B' : 'A') + pair[1]));
    assert.deepEqual((await check(page)).fails, ['receipt']);
    await page.getByLabel('Receipt').fill('nonsense');
    assert.deepEqual((await check(page)).fails, ['receipt']);
    await page.getByLabel('Receipt').fill(receipt);

    const record = `**/api/v1/events/${eventId}/draws/0`;
    assert.deepEqual(await altered(page, record, (text) => text.replace('"first_place":1,', '"first_place":2,')), ['signature']);
    const lists = `**/api/v1/events/${eventId}/draws/0/shards/*`;
    const phantom = Buffer.alloc(17, 1);
    assert.deepEqual(await altered(page, lists, (_, bytes) => Buffer.concat([bytes, phantom])), ['logs']);
    assert.deepEqual(await altered(page, lists, () => ''), ['ticket']);
    assert.deepEqual((await check(page)).fails, [], 'nobody alters anything any more');
    assert.deepEqual(fan.complaints, []);
  } finally {
    await fan.close();
  }
});

test('the draw is explained in six sentences, and to experts with the very program that the tests run', { timeout: 60_000 }, async () => {
  const reader = await Visit.open(browser);
  try {
    const { page } = reader;
    await page.goto('/draw');
    assert.equal(await page.locator('main li').count(), 6);
    assert.deepEqual(await reader.barriers(), []);
    await page.getByRole('link', { name: /For experts/ }).click();
    await page.getByText('compute_shuffled_index of the Ethereum').waitFor();
    const lines = (await page.locator('#check-draw-py').textContent()).trimEnd().split('\n');
    assert.ok(lines.length > 30 && lines.length <= 40, `${lines.length} lines`);
    assert.deepEqual(await reader.barriers(), []);
    assert.deepEqual(reader.complaints, []);
  } finally {
    await reader.close();
  }
});

/** Presses the button. @returns the steps that hold and the one that fails */
async function check(page) {
  await page.getByRole('button', { name: 'Check' }).click();
  await page.locator('#check-verdict:not([hidden])').waitFor();
  const steps = (outcome) => page.locator(`#check-steps .${outcome}`).evaluateAll((lines) => lines.map((line) => line.dataset.step));
  return { holds: await steps('holds'), fails: await steps('fails') };
}

/** Somebody between site and browser alters an answer. @returns the steps that fail */
async function altered(page, address, alter) {
  await page.route(address, async (route) => {
    const response = await route.fetch();
    const bytes = await response.body();
    await route.fulfill({ response, body: alter(bytes.toString('latin1'), bytes) });
  });
  const { fails } = await check(page);
  await page.unroute(address);
  return fails;
}
