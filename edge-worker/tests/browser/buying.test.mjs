// Fans in a real browser against the real stack: from sign-up to a ticket that a gate can scan, and what goes wrong between.
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { readQrCode } from './qr.mjs';
import { launchEvent, newEmail, noBarriers, PHONE, withBrowser } from './harness.mjs';

const { open, visit } = withBrowser();


// Most of the time everybody waits, so some wait at once.

describe('in a browser', { concurrency: 3 }, () => {
  visit('a fan gets from the list of events to a ticket that can be scanned', {}, async (fan) => {
    const { page } = fan;
    const name = `Farewell ${Date.now()}`;
    // Three browsers begin at once, and each page is searched for barriers before the on-sale.
    const eventId = await launchEvent({ name, onSaleInMs: 30_000 });

    await page.goto('/');
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    await page.locator('.events li').first().waitFor();
    await noBarriers(fan, 'events');

    await page.goto(`/e/${eventId}`);
    await page.getByRole('heading', { name, level: 1 }).waitFor();
    await noBarriers(fan, 'account');
    await fan.signUp();
    await page.getByText('On sale in').waitFor();
    await noBarriers(fan, 'join');

    await fan.join();
    await page.getByRole('heading', { name: 'You are in' }).waitFor();
    await noBarriers(fan, 'pre-queue');
    await fan.turn();
    await noBarriers(fan, 'shop');

    await fan.hold(['1', 2], ['1', 3]);
    await page.getByText('A-1-2', { exact: true }).waitFor();
    assert.equal(await page.locator('#cart-subtotal').textContent(), '€99.00');
    assert.equal(await page.locator('#cart-fees').textContent(), '€10.00');
    assert.equal(await page.locator('#cart-total').textContent(), '€109.00');
    await noBarriers(fan, 'cart');

    await page.getByRole('button', { name: 'Remove seat A-1-3' }).click();
    await page.getByText('A-1-3', { exact: true }).waitFor({ state: 'detached' });
    assert.equal(await page.locator('#cart-total').textContent(), '€54.50');

    fan.expect(/status of 402/);
    await fan.pay('Card that is declined');
    await page.locator('#pay-error').waitFor();
    assert.match(await page.locator('#pay-error').textContent(), /declined/);
    await noBarriers(fan, 'declined');

    await fan.pay('Visa that pays');
    assert.deepEqual(await fan.tickets(), ['Seat A-1-2']);
    await noBarriers(fan, 'tickets');
    const barcode = await page.locator('.tickets code').textContent();
    assert.match(barcode, /^ST1[0-9A-F]{56}$/);
    assert.equal(await readQrCode(page.locator('img.qr')), barcode);
  });

  visit('with a phone in the dark and no pointer, a seat can be chosen, held and paid', { ...PHONE, colorScheme: 'dark' }, async (fan) => {
    const { page } = fan;
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 1_000 })}`);
    await page.getByLabel('Email').waitFor();
    await noBarriers(fan, 'account');
    await page.getByLabel('Email').focus();
    await page.keyboard.type(newEmail());
    await page.keyboard.press('Tab');
    await page.keyboard.type('correct horse battery');
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'Join the queue' }).waitFor();
    await noBarriers(fan, 'join');
    await tabTo(page, 'Join the queue');
    await page.keyboard.press('Enter');
    await fan.turn();
    await noBarriers(fan, 'shop');

    // The plan is one stop; its first free seat takes the focus.
    await tabTo(page, 'Row 1, seat 1');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    assert.match(await focused(page), /^Row 2, seat 2\b/);
    assert.equal(await fan.seat('2', 2).getAttribute('aria-pressed'), 'true');
    await page.keyboard.press('End');
    assert.match(await focused(page), /^Row 2, seat 8\b/);
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Hold this seat');
    await page.keyboard.press('Enter');
    await page.getByText('A-2-2', { exact: true }).waitFor();
    assert.equal(await focused(page), 'Your cart');
    await noBarriers(fan, 'cart');

    await tabTo(page, 'Pay ');
    await page.keyboard.press('Enter');
    assert.deepEqual(await fan.tickets(), ['Seat A-2-2']);
    await noBarriers(fan, 'tickets');
  });

  visit('a fan can check the draw of the own place, with the other fans’ tickets in it', {}, async (fan) => {
    const { page } = fan;
    const eventId = await launchEvent({ onSaleInMs: 25_000, limits: { shards: 2 } });
    const others = await Promise.all([1, 2].map(() => open()));
    try {
      for (const one of [others[0], fan, others[1]]) {
        await one.page.goto(`/e/${eventId}`);
        await one.signUp();
        await one.join();
      }
      const places = [];
      for (const one of [fan, ...others]) {
        await one.turn();
        await one.page.getByText('How your place is drawn').click();
        await one.page.getByRole('button', { name: 'Check my place on this device' }).click();
        const verdict = one.page.locator('#proof-verdict.notice');
        await verdict.waitFor();
        assert.match(await verdict.textContent(), /^It holds\. The receipt is signed by this site: /);
        places.push(Number(await one.page.locator('#proof-facts div', { hasText: 'Your place' }).locator('dd').textContent()));
      }
      assert.deepEqual(places.toSorted((a, b) => a - b), [1, 2, 3]);
      await noBarriers(fan, 'proof');
    } finally {
      for (const one of others) await one.close();
    }
  });

  visit('seats that somebody else took in between are named, and nothing is held', {}, async (fan) => {
    const { page } = fan;
    const eventId = await launchEvent({ onSaleInMs: 1_000 });
    const rival = await open();
    try {
      for (const one of [fan, rival]) {
        await one.page.goto(`/e/${eventId}`);
        await one.signUp();
        await one.join();
      }
      for (const one of [fan, rival]) await one.turn();
      // The fan's plan is frozen in the past, as a slow connection would.
      await page.route('**/seats?section=*', (route) => route.abort());
      fan.expect(/ERR_FAILED/);
      fan.expect(/status of 409/);
      await fan.seat('1', 4).click();
      await fan.seat('1', 5).click();
      await rival.hold(['1', 5]);
      await rival.page.getByText('A-1-5', { exact: true }).waitFor();

      await page.getByRole('button', { name: 'Hold these seats' }).click();
      await page.getByText(/Taken: A-1-5\./).waitFor();
      await noBarriers(fan, 'taken');
      await page.unroute('**/seats?section=*');
      await page.getByRole('button', { name: 'Hold this seat' }).click();
      await page.getByText('A-1-4', { exact: true }).waitFor();
      assert.deepEqual(rival.complaints, []);
    } finally {
      await rival.close();
    }
  });

  for (const [when, afterwards] of [
    ['when its answer is lost', async () => {}],
    ['when the page is reloaded before its answer', (page) => page.reload()],
  ]) {
    visit(`a checkout is paid once ${when}`, {}, async (fan) => {
      const { page } = fan;
      await page.goto(`/e/${await launchEvent({ onSaleInMs: 1_000 })}`);
      await fan.signUp();
      await fan.join();
      await fan.turn();
      await fan.hold(['1', 1]);
      await page.getByText('A-1-1', { exact: true }).waitFor();

      fan.expect(/ERR_FAILED/);
      const keys = [];
      let reached;
      const paid = new Promise((resolve) => { reached = resolve; });
      await page.route('**/api/v1/checkout', async (route) => {
        keys.push(route.request().headers()['idempotency-key']);
        await route.fetch();
        reached();
        await route.abort().catch(() => {});
      }, { times: 1 });
      page.on('request', (request) => {
        if (request.url().includes('idempotency_key=')) keys.push(new URL(request.url()).searchParams.get('idempotency_key'));
        if (request.url().endsWith('/checkout') && keys.length > 0) keys.push(request.headers()['idempotency-key']);
      });
      await fan.pay('Visa that pays');
      await paid;
      await afterwards(page);
      assert.deepEqual(await fan.tickets(), ['Seat A-1-1']);
      assert.ok(keys.length >= 2, 'the page asked again');
      assert.equal(new Set(keys).size, 1, 'always with the same key');

      await page.getByRole('button', { name: 'Your tickets' }).click();
      assert.deepEqual(await fan.tickets(), ['Seat A-1-1']);
      assert.equal(await page.locator('.order').count(), 1);
    });
  }

  visit('the last seat ends the queue for those behind', {}, async (fan) => {
    const { page } = fan;
    const sections = [{ code: 'C', name: 'Box', price: '10.00', fee: '0.00', rows: [{ label: '1', seats: 1 }] }];
    const eventId = await launchEvent({ onSaleInMs: 1_000, sections, limits: { most_shoppers: 1 } });
    await page.goto(`/e/${eventId}`);
    await fan.signUp();
    await fan.join();
    await fan.turn();
    const late = await open(PHONE);
    try {
      await late.page.goto(`/e/${eventId}`);
      await late.signUp();
      await late.join();
      await late.page.getByRole('heading', { name: 'You are in line' }).waitFor();
      await noBarriers(late, 'waiting');
      await fan.hold(['1', 1]);
      await fan.pay('Mastercard that pays');
      await fan.tickets();
      await late.page.getByRole('heading', { name: 'Sold out' }).waitFor({ timeout: 60_000 });
      await noBarriers(late, 'sold out');
      await late.page.getByText('This page asks no more.').waitFor();

      // The page stops asking, and a reload asks once more.
      let polls = 0;
      late.page.on('request', (request) => {
        if (request.url().includes('/api/v1/queue/status')) polls += 1;
      });
      await late.page.waitForTimeout(12_000);
      assert.equal(polls, 0);
      await late.page.reload();
      await late.page.getByRole('heading', { name: 'Sold out' }).waitFor();
      await late.page.waitForTimeout(3_000);
      assert.equal(polls, 1);
      assert.deepEqual(late.complaints, []);
    } finally {
      await late.close();
    }
  });

  visit('what the API refuses is shown in its own words', {}, async (fan) => {
    const { page } = fan;
    fan.expect(/status of 40[149]/);
    await page.goto(`/e/${await launchEvent({ onSaleInMs: 60_000 })}`);
    const email = await fan.signUp();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('No, create one').check();
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill('something else');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('There is an account with this address: sign in instead.').waitFor();
    await noBarriers(fan, 'refused');
    await page.goto('/e/there-is-no-such-event');
    await page.getByText('There is no such event.').waitFor();
    await noBarriers(fan, 'no event');
  });
});

/** What the keyboard is on, by its text. */
function focused(page) {
  return page.evaluate(() => document.activeElement.textContent.replaceAll(/\s+/g, ' ').trim());
}

/** Presses Tab until the focus is on something that begins with `text`; where it is already does not count. */
async function tabTo(page, text) {
  const passed = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const on = await focused(page);
    if (on.startsWith(text)) return;
    passed.push(on.slice(0, 30));
  }
  assert.fail(`Tab does not reach '${text}'; it passes ${passed.join(' | ')}`);
}
