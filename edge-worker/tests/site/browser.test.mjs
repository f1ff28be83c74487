// The waiting page in front of a site, in Chromium: with its script, and with scripts switched off.
// Needs: edge-site and the address of the captcha providers.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serveWidget, siteverifyOfAll, SITE_KEYS } from '../browser/captcha-providers.mjs';
import { openBrowser } from '../browser/harness.mjs';
import { echoSite, edgeSite, putEvent, untilEffective, SITE } from './harness.mjs';

const EVENT = 'site-three';
let site;
let browser;

before(async () => {
  site = await echoSite();
  await edgeSite('start');
  await putEvent(EVENT, { onSaleInMs: 8_000, policy: { gate: { paths: ['/arena/*'] } } });
  await untilEffective();
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await edgeSite('stop');
  await site.close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`a person waits and comes in ${javaScriptEnabled ? 'without doing anything' : 'with one button, without any script'}`, async () => {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    // Chromium reports the waiting page's status as an error of its own.
    page.on('console', (message) => message.type() === 'error' && !/status of 503/.test(message.text()) && complaints.push(message.text()));
    const waits = await page.goto(`${SITE}/arena/seats`);
    assert.equal(waits.status(), 503);
    assert.match(await page.title(), / · A <site>$/);
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Join the queue' }).click();
    await page.getByText('The site answers /arena/seats').waitFor({ timeout: 60_000 });
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('the page says where a person stands without being loaded again, and lets them leave', async () => {
  await putEvent(EVENT, { policy: { gate: { paths: ['/arena/*'] }, identity: { anonymous: true, without_script: true }, release: { per_minute: 0, at_once: 1 } } });
  await untilEffective();
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${SITE}/arena/seats`);
  let loads = 0;
  page.on('load', () => { loads += 1; });
  await page.getByRole('heading', { name: /You are in line|The queue is paused/ }).waitFor({ timeout: 60_000 });
  assert.match(await page.title(), /^(Paused|.+ ahead) · A <site>$/);
  await page.getByText(/^Your place( in the second line)?$/).waitFor();
  assert.match(await page.locator('#value').textContent(), /^[\d,.]+$/);
  assert.equal(await page.getByRole('progressbar', { name: /How far the queue has come/ }).isVisible(), true);
  await page.getByText(/^Last updated/).waitFor();
  assert.equal(loads, 0);
  await page.getByText('Leave the queue').click();
  await page.getByRole('button', { name: 'Give my place up' }).click();
  await page.getByRole('heading', { name: 'You have left the queue' }).waitFor();
  assert.match(await page.title(), /^You have left · /);
  await page.context().close();
});

test("where the event has a captcha provider, the waiting page shows its widget", async () => {
  const siteverify = await siteverifyOfAll();
  await putEvent(EVENT, { policy: { gate: { paths: ['/arena/*'] }, captcha: { provider: 'turnstile', site_key: SITE_KEYS.turnstile } } });
  await untilEffective();
  const page = await browser.newPage();
  await serveWidget(page, 'turnstile');
  await page.goto(`${SITE}/arena/seats`);
  await page.getByRole('button', { name: 'I am a person' }).click();
  await page.getByText('The site answers /arena/seats').waitFor({ timeout: 60_000 });
  assert.deepEqual(siteverify.asked, ['/turnstile/v0/siteverify']);
  await page.close();
  await siteverify.close();
});
