// Verified fans in a real browser: registration, the draw, invitations, and a number in the first tier.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { admin, launchEvent, PHONE, withBrowser } from './harness.mjs';

const MINUTE_MS = 60_000;
const fromNow = (ms) => new Date(Date.now() + ms).toISOString();

const { visit } = withBrowser();

/** An event whose on-sale is far, with verified fans as `programme` says. */
async function eventWithFans(programme) {
  const eventId = await launchEvent({ onSaleInMs: 10 * MINUTE_MS });
  await admin('PUT', `/events/${eventId}/fans`, programme);
  return eventId;
}

const panel = (page) => page.getByRole('region', { name: 'Verified fans' });
/** A browser that a test drives says so, and is scored as driven. */
const [VERIFIED, SUSPECT] = [0, 2];

describe('verified fans in a browser', { concurrency: 2 }, () => {
  visit('a fan registers, is drawn, and joins in the first tier', {}, async (fan) => {
    const { page } = fan;
    const eventId = await eventWithFans({ registration_opens_at: fromNow(-MINUTE_MS), registration_closes_at: fromNow(MINUTE_MS) });
    await page.goto(`/e/${eventId}`);
    await fan.signUp();
    await panel(page).getByText('You can register until').waitFor();
    assert.deepEqual(await fan.barriers(), []);
    await page.getByRole('button', { name: 'Register as a verified fan' }).click();
    await panel(page).getByText('You are registered.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Register as a verified fan' }).isVisible(), false);

    await admin('PUT', `/events/${eventId}/fans`, { registration_opens_at: fromNow(-2 * MINUTE_MS), registration_closes_at: fromNow(-1) });
    await admin('PUT', `/events/${eventId}/fans/draws/1`, {});
    // The page has not been told; it asks again when the fan joins.
    await fan.join();
    assert.equal(await fan.tier(), VERIFIED);
  });

  visit('an invited fan opens the link in the mail, redeems the code and joins in the first tier', PHONE, async (fan) => {
    const { page } = fan;
    const eventId = await eventWithFans({});
    const { code } = await admin('PUT', `/events/${eventId}/fans/invitations/mail-${eventId}@example.org`);
    await page.goto(`/e/${eventId}#invitation=${code}`);
    await fan.signUp();
    await panel(page).getByText('If you were invited').waitFor();
    assert.equal(await page.getByLabel('Invitation code').inputValue(), code);
    assert.deepEqual(await fan.barriers(), []);
    assert.deepEqual(await fan.tooWide(), []);

    fan.expect(/status of 403/);
    await page.getByLabel('Invitation code').fill(`${code}0`);
    await page.getByRole('button', { name: 'Redeem' }).click();
    await panel(page).getByText('no invitation code of this event').waitFor();

    await page.getByLabel('Invitation code').fill(code);
    await page.getByRole('button', { name: 'Redeem' }).click();
    await panel(page).getByText('You are a verified fan').waitFor();
    assert.equal(await page.getByLabel('Invitation code').isVisible(), false);
    assert.deepEqual(await fan.barriers(), []);
    await fan.join();
    assert.equal(await fan.tier(), VERIFIED);
  });

  visit('whoever is not verified joins like everybody, and an event without verified fans does not speak of them', {}, async (fan) => {
    const { page } = fan;
    await page.goto(`/e/${await eventWithFans({})}`);
    await fan.signUp();
    await panel(page).waitFor();

    fan.expect(/ERR_FAILED/);
    await page.route('**/registration', (route) => route.abort());
    await page.getByRole('button', { name: 'Join the queue' }).click();
    await panel(page).getByText('do not join yet').waitFor();
    await page.locator('#join-error').getByText('You have not joined').waitFor();
    await page.unroute('**/registration');
    await fan.join();
    assert.equal(await fan.tier(), SUSPECT);

    await page.goto(`/e/${await launchEvent({ onSaleInMs: 10 * MINUTE_MS })}`);
    await page.getByText('On sale in').waitFor();
    assert.equal(await panel(page).isVisible(), false);
  });

  visit('a verified fan whose pass cannot be had does not join without it', {}, async (fan) => {
    const { page } = fan;
    const eventId = await eventWithFans({});
    const { code } = await admin('PUT', `/events/${eventId}/fans/invitations/pass-${eventId}@example.org`);
    await page.goto(`/e/${eventId}#invitation=${code}`);
    await fan.signUp();
    fan.expect(/ERR_FAILED/);
    await page.route('**/pass', (route) => route.abort());
    await page.getByRole('button', { name: 'Redeem' }).click();
    await panel(page).getByText('You are a verified fan').waitFor();
    await page.getByRole('button', { name: 'Join the queue' }).click();
    await page.locator('#join-error').getByText('There is no connection').waitFor();
    await page.unroute('**/pass');

    // A pass that the page holds is as good while nobody can give another.
    const given = page.waitForResponse((answer) => answer.url().endsWith('/pass') && answer.ok());
    await page.reload();
    await panel(page).getByText('You are a verified fan').waitFor();
    await given;
    await page.route('**/pass', (route) => route.abort());
    await page.route('**/registration', (route) => route.abort());
    await fan.join();
    assert.equal(await fan.tier(), VERIFIED);
  });
});
