// What people, programs and parts of pages get in place of a guarded address of a site, without any script.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Browser, echoSite, edgeSite, putEvent, SITE, untilEffective } from './harness.mjs';

const EVENT = 'site-waiting';
const TICKET = `stanchion-ticket.${EVENT}`;
const BACK = 'stanchion-back';
const gate = { paths: ['/hall/*'] };
/** Nobody is let in. */
const closed = { per_minute: 0, at_once: 1 };
const open = { per_minute: 60_000, at_once: 1_000_000 };
const put = (policy) => putEvent(EVENT, { onSaleInMs: 12_000, policy: { gate, identity: { anonymous: true, without_script: true }, ...policy } });
let site;

before(async () => {
  site = await echoSite();
  await edgeSite('start');
  await put({ release: closed });
  await untilEffective();
});
after(async () => {
  await edgeSite('stop');
  await site.close();
});

async function join(fan, path = '/hall/seats') {
  await fan.ask(path);
  const joined = await fan.ask('/.stanchion/join', { method: 'POST', form: { event_id: EVENT, to: path } });
  assert.equal(joined.status, 303, joined.text);
}

/** Asks for a page until it is as it should be; where the page says to wait long, sooner. */
async function until(fan, path, is) {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const page = await fan.ask(path);
    if (is(page)) return page;
    await sleep(Math.min(3, Number(page.headers.get('retry-after') ?? 1)) * 1_000);
  }
  throw new Error(`${path} did not become what it should`);
}

const title = ({ text }) => /<title>(.*)<\/title>/.exec(text)[1];
/** Whether an element of the page is shown. */
const shows = ({ text }, id) => !new RegExp(`id="${id}"[^>]*\\shidden`).test(text);

test('before it begins the page counts down to it, and refreshes itself by the poll law', async () => {
  const fan = new Browser();
  const stranger = await fan.ask('/hall/seats');
  assert.equal(stranger.status, 503);
  assert.match(title(stranger), /^Begins in \d+ seconds? · A &lt;site&gt;$/);
  assert.match(stranger.text, /id="value">\d+ seconds?</);
  assert.equal(shows(stranger, 'without-script'), true);
  assert.equal(shows(stranger, 'leave'), false);
  await join(fan);
  const page = await fan.ask('/hall/seats');
  assert.equal(page.status, 503);
  assert.equal(title(page), 'You are in · A &lt;site&gt;');
  assert.match(page.text, /It begins in<\/p>\s*<p id="value">\d+ seconds?<\/p>\s*<p id="note">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  assert.match(page.text, /Last updated at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  assert.equal(shows(page, 'leave'), true);
  const seconds = Number(page.headers.get('retry-after'));
  assert.ok(seconds >= 1 && seconds <= 14, `${seconds}`);
  assert.ok(page.text.includes(`<noscript><meta http-equiv="refresh" content="${seconds}; url=/hall/seats"></noscript>`), page.text);
  assert.equal(page.headers.get('refresh'), null, 'a browser with script does not load the page again');
});

test('in line the page says the place, who is ahead, and how far the queue has come', async () => {
  // Who joins by the form has shown no proof of work, and stands in the second line.
  const fans = [new Browser(), new Browser(), new Browser()];
  for (const fan of fans) await join(fan);
  const places = [];
  for (const fan of fans) {
    const page = await until(fan, '/hall/seats', ({ text }) => text.includes('Your place in the second line</p>'));
    assert.match(title(page), /^(Paused|\d+ ahead) · A &lt;site&gt;$/);
    places.push(Number(/id="value">([\d,]+)</.exec(page.text)[1]));
    const ahead = Number(/id="ahead">([\d,]+)</.exec(page.text)[1]);
    assert.equal(ahead, places.at(-1) - 1);
    assert.equal(shows(page, 'way'), true);
    assert.match(page.text, new RegExp(`<progress id="progress" max="${Math.max(1, ahead)}" value="0">`));
    assert.match(page.text, /id="wait">[a-z]/);
  }
  assert.equal(new Set(places).size, 3);
});

test('a person leaves by a form, and is not queued again by the page that says so', async () => {
  const fan = new Browser();
  await join(fan);
  const forged = await fan.ask('/.stanchion/leave', { method: 'POST', form: { event_id: EVENT, to: '/hall/seats' }, headers: { origin: 'https://evil.example' } });
  assert.equal(forged.status, 403);
  const outside = await fan.ask('/.stanchion/leave', { method: 'POST', form: { event_id: EVENT, to: '//evil.example' } });
  assert.equal(outside.status, 400);
  const left = await fan.ask('/.stanchion/leave', { method: 'POST', form: { event_id: EVENT, to: '/hall/seats' } });
  assert.equal(left.status, 303, left.text);
  assert.equal(fan.cookies.has(TICKET), false);
  const page = await fan.ask(left.headers.get('location'));
  assert.equal(page.status, 200);
  assert.match(title(page), /^You have left · /);
  assert.match(page.text, /data-state="still"/);
  assert.match(page.text, /<a href="\/hall\/seats">Join again/);
  assert.match(title(await fan.ask('/hall/seats')), /^Join the queue · /);
});

test('parts of a page are neither polls nor pages', async () => {
  const fan = new Browser();
  await join(fan);
  const parts = [
    ['image/avif,image/webp,*/*;q=0.8', { 'sec-fetch-dest': 'image' }],
    ['image/avif,image/webp,*/*;q=0.8', {}],
    ['text/css,*/*;q=0.1', { 'sec-fetch-dest': 'style' }],
    ['*/*', { 'sec-fetch-dest': 'script' }],
    ['application/json', { 'sec-fetch-dest': 'empty' }],
    ['text/html', { 'sec-fetch-dest': 'iframe' }],
  ];
  for (let round = 0; round < 20; round += 1) {
    for (const [accept, headers] of parts) {
      const part = await fan.ask('/hall/picture', { accept, headers });
      assert.equal(part.status, 503);
      assert.ok(Number(part.headers.get('retry-after')) > 0);
      assert.ok(part.text.length < 300, part.text);
      assert.doesNotMatch(part.headers.get('content-type'), /html/);
      assert.match(part.headers.get('content-security-policy'), /frame-ancestors 'none'/);
      assert.deepEqual(part.headers.getSetCookie(), []);
    }
  }
  const page = await fan.ask('/hall/seats');
  assert.equal(page.status, 503);
  assert.match(page.text, /id="leave"/);
  const poll = await fan.ask(`/.stanchion/api/v1/queue/status?event_id=${EVENT}`, { accept: 'application/json' });
  assert.equal(poll.status, 200, poll.text);
});

test('a person who asks too often reads so, and keeps the place', async () => {
  const fan = new Browser();
  await join(fan);
  let page;
  for (let asked = 0; asked < 400 && page?.status !== 429; asked += 1) page = await fan.ask('/hall/seats');
  assert.equal(page.status, 429);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(page.text, /Your place does not depend on it/);
  assert.equal(page.headers.get('refresh'), `${page.headers.get('retry-after')}; url=/hall/seats`);
});

test('a form that meets the queue is not lost without a word, and nobody sends it again', async () => {
  const fan = new Browser();
  await fan.ask('/hall/seats');
  const seen = site.seen.length;
  const page = await fan.ask('/hall/basket', { method: 'POST', form: { seat: 7 }, headers: { referer: `${SITE}/hall/form?step=2` } });
  assert.equal(page.status, 503);
  assert.equal(shows(page, 'not-sent'), true);
  assert.match(page.text, /What you sent has not reached the site.*<a href="\/hall\/form\?step=2">/);
  assert.equal(site.seen.length, seen);
  assert.ok(fan.cookies.has(BACK));
  await join(fan, '/hall/basket');
  const waiting = await fan.ask('/hall/basket');
  assert.equal(shows(waiting, 'not-sent'), true);
  assert.match(waiting.text, /data-back="\/hall\/form\?step=2"/);

  await put({ release: open });
  const comesIn = await until(fan, '/hall/basket', ({ status }) => status === 303);
  assert.equal(comesIn.headers.get('location'), '/hall/form?step=2');
  assert.equal(fan.cookies.has(BACK), false);
  assert.match((await fan.ask('/hall/form?step=2')).text, /The site answers \/hall\/form\?step=2/);
  assert.deepEqual(site.seen.slice(seen).filter(({ method }) => method !== 'GET'), []);

  const other = await new Browser().ask('/hall/basket', { method: 'POST', form: { seat: 7 }, headers: { referer: 'https://evil.example/form' } });
  assert.match(other.text, /<a href="\/hall\/basket">/);
});

test('while nobody is let in, each gets that in its own way', async () => {
  await put({ release: open, gate: { ...gate, mode: 'reject' } });
  await untilEffective();
  const fan = new Browser();
  const page = await fan.ask('/hall/seats');
  assert.equal(page.status, 503);
  assert.match(title(page), /^Closed · /);
  assert.equal(page.headers.get('x-robots-tag'), null);
  assert.equal(page.headers.get('refresh'), `${page.headers.get('retry-after')}; url=/hall/seats`);
  const form = await fan.ask('/hall/basket', { method: 'POST', form: { seat: 7 } });
  assert.equal(form.status, 503);
  assert.equal(shows(form, 'not-sent'), true);
  for (const accept of ['application/json', 'image/png']) {
    const other = await fan.ask('/hall/seats', { accept });
    assert.deepEqual([other.status, JSON.parse(other.text).error], [503, 'gate_closed']);
    assert.ok(Number(other.headers.get('retry-after')) > 0);
  }
  await put({ release: open });
  await untilEffective();
});

test('a crawler passes by its name and its network together', async () => {
  const bypass = [{ crawler: { name: 'Examplebot', networks: ['192.0.2.0/24'] } }];
  await put({ release: open, gate: { ...gate, bypass } });
  await untilEffective();
  const agent = 'Mozilla/5.0 (compatible; examplebot/2.1)';
  for (const [headers, status] of [
    [{ 'user-agent': agent, 'cf-connecting-ip': '192.0.2.7' }, 200],
    [{ 'user-agent': agent, 'cf-connecting-ip': '198.51.100.7' }, 503],
    [{ 'user-agent': 'Mozilla/5.0', 'cf-connecting-ip': '192.0.2.7' }, 503],
  ]) {
    assert.equal((await new Browser().ask('/hall/seats', { headers })).status, status, JSON.stringify(headers));
  }
});
