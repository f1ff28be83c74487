// The captchas in a browser: ALTCHA's public widget solves our challenges, and our page works with the widgets of hCaptcha
// and Turnstile.
// Needs: the address of the captcha providers.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { blockWidget, serveWidget, siteverifyOfAll, SITE_KEYS } from './captcha-providers.mjs';
import { launchEvent, newEmail, PASSWORD, stack, withBrowser } from './harness.mjs';

const ALTCHA = readFileSync(join(process.env.STANCHION_NODE, 'node_modules/altcha/dist/main/altcha.min.js'), 'utf8');
const { newPage, open } = withBrowser();
let siteverify;
before(async () => { siteverify = await siteverifyOfAll(); });
after(() => siteverify?.close());

/** A fan on the event's page who is signed in, and says of no browser that it is driven. */
async function fanAt(event) {
  const fan = await open();
  await fan.page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false }));
  await fan.page.goto(`/e/${event}`);
  await fan.signUp();
  return fan;
}

const launch = (name) => launchEvent({ onSaleInMs: 600_000, queue: { captcha: { provider: name, site_key: SITE_KEYS[name] } } });
const click = (fan, name) => fan.page.getByRole('button', { name }).click();

for (const name of Object.keys(SITE_KEYS)) {
  test(`a fan solves ${name}'s puzzle on our page and is in; closed, it can be asked for again`, { timeout: 60_000 }, async () => {
    const fan = await fanAt(await launch(name));
    await serveWidget(fan.page, name);
    await click(fan, 'Join the queue');
    await click(fan, 'Close the puzzle');
    if (name === 'hcaptcha') {
      await fan.page.getByText('The check was closed before it was solved').waitFor();
      await click(fan, 'Join the queue');
      await click(fan, 'I am a person');
    } else {
      await fan.page.reload(); // Turnstile tells nobody that it was closed
      await click(fan, 'Join the queue');
      await click(fan, 'I am a person');
    }
    assert.equal(await fan.tier(), 1);
    assert.equal(siteverify.asked.at(-1), name === 'hcaptcha' ? '/siteverify' : '/turnstile/v0/siteverify');
    assert.deepEqual(fan.complaints, []);
    await fan.close();
  });

  test(`a fan whose browser blocks ${name} is told so, and joins behind the others when the provider is down`, { timeout: 60_000 }, async () => {
    const fan = await fanAt(await launch(name));
    fan.expect(/ERR_FAILED|status of 403/);
    await blockWidget(fan.page, name);
    await click(fan, 'Join the queue');
    await fan.page.getByText('could not be loaded').waitFor();
    siteverify.down = true;
    try {
      await click(fan, 'Join the queue');
      assert.equal(await fan.tier(), 2);
    } finally {
      siteverify.down = false;
    }
    assert.deepEqual(fan.complaints, []);
    await fan.close();
  });
}

test("ALTCHA's own widget solves our challenge, and its payload joins, once", { timeout: 60_000 }, async () => {
  const { edge } = stack();
  const call = async (method, path, bearer, body) => {
    const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) };
    const answer = await fetch(`${edge}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    return { status: answer.status, told: await answer.json() };
  };
  const event = await launchEvent({ onSaleInMs: 600_000 });
  const person = { email: newEmail(), password: PASSWORD };
  await call('POST', '/accounts', null, { ...person, name: 'A fan' });
  const { told: { access_token: bearer } } = await call('POST', '/sessions', null, person);
  const { told: challenge } = await call('GET', `/queue/challenge?event_id=${event}`, bearer);

  const page = await newPage();
  await page.route('**/widget-test*', (route) => route.fulfill(route.request().url().endsWith('.js')
    ? { contentType: 'text/javascript', body: ALTCHA }
    : { contentType: 'text/html', body: '<!doctype html><title>Widget</title><script src="widget-test.js" defer type="module"></script><form></form>' }));
  await page.goto(`${edge}/widget-test`);
  const payload = await page.evaluate(async (text) => {
    await customElements.whenDefined('altcha-widget');
    const widget = document.createElement('altcha-widget');
    const verified = new Promise((resolve) => widget.addEventListener('verified', ({ detail }) => resolve(detail.payload)));
    widget.setAttribute('challenge', text);
    widget.setAttribute('auto', 'onload');
    document.querySelector('form').append(widget);
    return verified;
  }, JSON.stringify(challenge));
  await page.close();

  const body = { event_id: event, device_fingerprint: 'altcha', captcha_token: payload };
  const joined = await call('POST', '/queue/join', bearer, body);
  assert.equal(joined.status, 200, JSON.stringify(joined.told));
  await call('POST', '/queue/leave', bearer, { queue_token: joined.told.queue_token });
  const again = await call('POST', '/queue/join', bearer, body);
  assert.deepEqual([again.status, again.told.error], [409, 'captcha_used']);
});
