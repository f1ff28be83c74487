// The waiting page in front of a site, in Chromium: with its script, and with scripts switched off.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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
