// 'Check my place' in a real browser: the checker is WebAssembly there, and names what somebody altered on the way.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { roundOutAt } from '../../web/draw-times.js';
import { launchEvent, openBrowser, Visit } from './harness.mjs';

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

/** Time for a browser on a busy machine to sign up and join before the on-sale: these tests are about draw 0. */
const JOINING_MS = 20_000;
/** What is checked, in order, where no beacon was announced. */
const STEPS = ['receipt', 'commitment', 'announced', 'record', 'signature', 'secret', 'times', 'beacon', 'counts', 'chain', 'ticket', 'logs', 'place'];

test('a fan checks the own place step by step, and every lie is named', { timeout: 180_000 }, async () => {
  const fan = await Visit.open(browser);
  try {
    const { page } = fan;
    const eventId = await launchEvent({ onSaleInMs: JOINING_MS, limits: { shards: 2 } });
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

/** A real network's key and rounds, which the stack's beacon serves; round 3 falls due so long after the on-sale that a page sees what is frozen. */
function recorded(onSaleS) {
  const { networks } = JSON.parse(readFileSync(new URL('../../../shared/tests/vectors/beacon.json', import.meta.url), 'utf8'));
  const { public_key } = networks.find(({ rounds }) => rounds[0].round === 3);
  const [period, drawnAfter] = [10, 8];
  return { chain_hash: randomBytes(32).toString('hex'), public_key, genesis: onSaleS + drawnAfter - 2 * period, period, scheme: 'bls-unchained-g1-rfc9380' };
}

const quicknet = () => ({
  chain_hash: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971', genesis: 1692803367, period: 3, scheme: 'bls-unchained-g1-rfc9380',
  public_key: '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
});

test('a page that waits notes the frozen tickets by itself, and says of a beacon that it does not know it', { timeout: 180_000 }, async () => {
  const fan = await Visit.open(browser);
  try {
    const { page } = fan;
    const eventId = await launchEvent({ onSaleInMs: JOINING_MS, limits: { shards: 2 }, beacon: recorded });
    await page.goto(`/e/${eventId}`);
    await fan.signUp();
    await fan.join();
    await page.getByText('How your place is drawn').click();
    const limit = page.locator('#proof-limit');
    assert.match(await limit.textContent(), /announced a beacon of a chain that this program does not know/);
    assert.ok(await limit.isVisible());
    const kept = () => page.evaluate((id) => JSON.parse(localStorage.getItem(`stanchion.place.${id}`)), eventId);
    assert.equal((await kept()).tickets_digest, undefined);
    await fan.turn();
    const record = await (await page.request.get(`/api/v1/events/${eventId}/draws/0`)).json();
    assert.equal((await kept()).tickets_digest, record.tickets_digest, 'noted before the round was out');

    await page.getByRole('link', { name: 'Check my place' }).click();
    const steps = STEPS.toSpliced(-1, 0, 'frozen');
    assert.deepEqual(await check(page), { holds: steps, fails: [] });
    assert.match(await page.locator('[data-step=beacon]').textContent(), /a chain that this program does not know/);
    await page.evaluate((id) => {
      const name = `stanchion.place.${id}`;
      localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage.getItem(name)), tickets_digest: '11'.repeat(32) }));
    }, eventId);
    await page.reload();
    assert.deepEqual((await check(page)).fails, ['frozen']);
    assert.deepEqual(fan.complaints, []);
  } finally {
    await fan.close();
  }
});

test('a page works out by itself when a round is out, as the edge does', () => {
  // Rounds 1, 2, 3 are out at 100, 103, 106 s: the cases of shared/src/policy/beacon.rs.
  const announced = (onSaleMs) => ({ on_sale_time: new Date(onSaleMs).toISOString(), draw_window_ms: 1_000, beacon: { genesis: 100, period: 3 } });
  for (const [closedAt, round] of [[0, 1], [97_000, 1], [97_001, 2], [99_999, 2], [100_000, 2], [100_001, 3], [103_000, 3]]) {
    assert.equal(roundOutAt(announced(closedAt), 0), 97_000 + round * 3_000, `${closedAt}`);
  }
  assert.equal(roundOutAt(announced(97_000), 3), 103_000, 'draw 3 closes three windows later');
});

test('a page notes nothing that a site shows it too late, whatever time the site says', { timeout: 180_000 }, async () => {
  const fan = await Visit.open(browser);
  try {
    const { page } = fan;
    const eventId = await launchEvent({ onSaleInMs: JOINING_MS, limits: { shards: 2 }, beacon: recorded });
    let late = 0;
    const lies = `**/api/v1/events/${eventId}/queue`;
    await page.route(lies, async (route) => {
      const response = await route.fetch();
      const { drawing, ...queue } = await response.json();
      if (!drawing) return route.fulfill({ response });
      const outAt = Date.parse(drawing.drawn_at);
      await new Promise((resolve) => { setTimeout(resolve, outAt + 200 - Date.now()); });
      late += 1;
      const lie = { ...drawing, drawn_at: new Date(outAt + 3_600_000).toISOString() };
      return route.fulfill({ response, json: { ...queue, drawing: lie } });
    });
    await page.goto(`/e/${eventId}`);
    await fan.signUp();
    await fan.join();
    await fan.turn();
    assert.ok(late > 0, 'the page was shown the frozen tickets after their round');
    const kept = await page.evaluate((id) => JSON.parse(localStorage.getItem(`stanchion.place.${id}`)), eventId);
    assert.equal(kept.tickets_digest, undefined);
    // From here on it lies no more.
    await page.unroute(lies);
    await page.getByText('How your place is drawn').click();
    await page.getByRole('link', { name: 'Check my place' }).click();
    await page.getByRole('heading', { name: 'Check my place' }).waitFor();
    const steps = STEPS.toSpliced(-1, 0, 'frozen');
    assert.deepEqual(await check(page), { holds: steps, fails: [] });
    assert.match(await page.locator('[data-step=frozen]').textContent(), /No frozen tickets were noted/);
    assert.deepEqual(fan.complaints, []);
  } finally {
    await fan.close();
  }
});

test('the limit of the proof is not shown where the beacon is quicknet', { timeout: 60_000 }, async () => {
  const fan = await Visit.open(browser);
  try {
    const { page } = fan;
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 3_600_000, beacon: quicknet })}`);
    await fan.signUp();
    await fan.join();
    await page.getByText('How your place is drawn').click();
    await page.locator('#proof-facts').waitFor();
    assert.equal(await page.locator('#proof-limit').isVisible(), false);
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
    assert.ok((await page.locator('.lead').textContent()).includes(`${lines.length} lines of Python`), `${lines.length} lines`);
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
