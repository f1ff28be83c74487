// The waiting page in front of a site, in Chromium: with its script, and with scripts switched off.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serveWidget, siteverifyOfAll, SITE_KEYS } from '../browser/captcha-providers.mjs';
import { openBrowser } from '../browser/stage.mjs';
import { echoSite, edgeSite, putEvent, settle, SITE } from './stage.mjs';

const EVENT = 'site-three';
let site;
let browser;

before(async () => {
  site = await echoSite();
  await edgeSite('start');
  await putEvent(EVENT, { onSaleInMs: 8_000, policy: { gate: { paths: ['/arena/*'] } } });
  await settle();
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
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(`${SITE}/arena/seats`);
    assert.match(await page.title(), /waiting room/);
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Join the queue' }).click();
    await page.getByText('The site answers /arena/seats').waitFor({ timeout: 60_000 });
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test("where the event has a captcha provider, the waiting page shows its widget", async () => {
  const siteverify = await siteverifyOfAll();
  await putEvent(EVENT, { policy: { gate: { paths: ['/arena/*'] }, captcha: { provider: 'turnstile', site_key: SITE_KEYS.turnstile } } });
  await settle();
  const page = await browser.newPage();
  await serveWidget(page, 'turnstile');
  await page.goto(`${SITE}/arena/seats`);
  await page.getByRole('button', { name: 'I am a person' }).click();
  await page.getByText('The site answers /arena/seats').waitFor({ timeout: 60_000 });
  assert.deepEqual(siteverify.asked, ['/turnstile/v0/siteverify']);
  await page.close();
  await siteverify.close();
});
