// The waiting page in front of a protected site: joins, polls as often as the answers say, shows
// where the ticket stands, and goes on to the site when the turn has come. Cookies identify the fan.
// Without this script the page refreshes itself and says the same.

import { CaptchaWidget } from './captcha.js';
import { clocksNow, heardInstant, heardServerTime, serverNow } from './clock.js';
import { Countdown } from './countdown.js';
import { announce, byId, say, write } from './dom.js';
import { clockFace, count, roughly, shortInstant } from './format.js';

const API = '/.stanchion/api/v1/queue';
const room = document.querySelector('main');
const { event, name, captcha: provider, siteKey, onSale, back } = room.dataset;
const widget = provider ? new CaptchaWidget({ provider, site_key: siteKey }, byId('captcha')) : null;
const countdown = new Countdown(byId('value'));
/** The same standing is not read aloud more often than this. */
const SPOKEN_EVERY_MS = 30_000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let spoken = { heading: byId('heading').textContent, at: Date.now() };
let heardAt = Date.now();

class Refused extends Error {
  constructor(status, { error, message }, retryAfter) {
    super(message);
    this.status = status;
    this.word = error;
    this.retryMs = Number(retryAfter ?? 0) * 1_000;
  }
}

async function ask(method, path, body) {
  const sent = clocksNow();
  const answer = await fetch(API + path, { method, headers: body ? { 'content-type': 'application/json' } : {}, body: body && JSON.stringify(body) });
  heardServerTime(answer.headers, sent);
  const told = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, told, answer.headers.get('retry-after'));
  return told;
}

function solve({ challenge, salt, maxnumber, algorithm, signature }) {
  return new Promise((resolve, reject) => {
    const worker = new Worker('/.stanchion/assets/pow-worker.js', { type: 'module' });
    worker.onerror = () => reject(new Error('This browser cannot solve the puzzle: it needs Web Cryptography over https.'));
    worker.onmessage = ({ data }) => {
      if ('tried' in data) byId('work').value = data.tried / maxnumber;
      else if ('number' in data) resolve(btoa(JSON.stringify({ algorithm, challenge, number: data.number, salt, signature })));
      else reject(new Error('The puzzle has no solution.'));
    };
    worker.postMessage({ challenge, salt, maxnumber });
  });
}

async function join() {
  byId('working').hidden = widget !== null;
  const captcha = widget ? await widget.token() : await solve(await ask('GET', `/challenge?event_id=${event}`));
  byId('working').hidden = true;
  // This page knows nothing about the device, and joins before the fan touches it: there are no
  // fingerprint and no signals.
  return ask('POST', '/join', { event_id: event, device_fingerprint: '', captcha_token: captcha });
}

/** What is shown for each status. `until` is an instant to count down to, `value` a text. */
const VIEWS = {
  pre_queue: () => ({
    heading: 'You are in',
    label: 'It begins in',
    until: onSale,
    note: shortInstant(onSale),
    text: 'Your place is drawn when it begins, at random, among everyone who joined before. You can close this page and come back in this browser.',
  }),
  drawing: ({ drawn_at: time }) => {
    const later = time && Date.parse(time) > serverNow();
    return {
      heading: 'Your place is being drawn',
      short: 'Being drawn',
      label: later ? 'Your place is drawn in' : 'Your place is drawn',
      until: later ? time : null,
      value: later ? null : 'any moment',
      text: 'Everyone who joined in the same few seconds is drawn together, so nobody wins by being faster.',
    };
  },
  waiting: ({ position, second_line: second, total_ahead: ahead }) => ({
    heading: 'You are in line',
    short: ahead == null ? 'In line' : `${count(ahead)} ahead`,
    label: placeLabel(second),
    value: position == null ? null : count(position),
    text: 'Keep this page open, or come back in this browser: your turn waits for you for some time.',
    aloud: ahead == null ? 'You are in line.' : `You are in line. ${count(ahead)} ahead of you.`,
  }),
  paused: ({ position, second_line: second }) => ({
    heading: 'The queue is paused',
    short: 'Paused',
    label: placeLabel(second),
    value: position == null ? null : count(position),
    text: 'Nobody is let in at the moment. Your place is kept, and it goes on by itself.',
  }),
  your_turn: () => ({ heading: 'It is your turn', short: 'Your turn', text: 'You can go in now.' }),
  expired: () => ({ heading: 'Your turn is over', text: 'Joining again for a new place …' }),
  sold_out: () => ({ heading: 'Everything is gone', short: 'Nothing left', text: 'There is nothing left to queue for. Thank you for waiting.' }),
};

function placeLabel(second) {
  return second ? 'Your place in the second line' : 'Your place';
}

function show(standing) {
  const view = VIEWS[standing.status](standing);
  write(byId('heading'), view.heading);
  write(byId('label'), view.label ?? '');
  write(byId('note'), view.note ?? '');
  byId('figure').hidden = !view.value && !view.until;
  if (view.until) {
    countdown.to(view.until);
  } else {
    countdown.stop();
    write(byId('value'), view.value ?? '');
  }
  write(byId('text'), view.text);
  showWay(standing);
  byId('leave').hidden = ['expired', 'sold_out'].includes(standing.status);
  byId('without-script').hidden = true;
  document.title = `${view.short ?? view.heading} · ${name}`;
  if (view.heading !== spoken.heading || Date.now() - spoken.at > SPOKEN_EVERY_MS) {
    spoken = { heading: view.heading, at: Date.now() };
    announce(view.aloud ?? `${view.heading}. ${view.text}`);
  }
}

function showWay({ status, position, total_ahead: ahead, estimated_wait_seconds: seconds }) {
  const shown = ['waiting', 'paused'].includes(status) && position != null && ahead != null;
  byId('way').hidden = !shown;
  if (!shown) return;
  // Before a place of the second line there are others than those of its own line.
  const before = Math.max(position - 1, ahead);
  byId('progress').max = Math.max(1, before);
  byId('progress').value = Math.max(0, before - ahead);
  write(byId('ahead'), count(ahead));
  write(byId('wait'), seconds == null ? 'cannot be told now' : roughly(seconds));
}

/** Says how old the standing is. */
function showAge() {
  const ago = Math.round((Date.now() - heardAt) / 1_000);
  byId('heard').hidden = false;
  write(byId('heard'), `Last updated ${ago < 2 ? 'just now' : `${clockFace(ago * 1_000)} ago`}. This page updates itself; your place does not depend on it.`);
}

/** Goes on to the site: to the page with the form, if a form met the queue, and never sends it again. */
function goIn() {
  if (back) location.replace(back);
  else location.reload();
}

/**
 * Joins by itself, since a fan who sees this page asked for what is behind it. It asks until an
 * answer names no instant for the next poll.
 */
async function run() {
  if (room.dataset.state === 'still') return; // there is nothing to wait for, or the page refreshes itself
  const shown = room.dataset.standing ? JSON.parse(room.dataset.standing) : null;
  if (!shown && onSale && Date.parse(onSale) > serverNow()) showBeginning();
  let standing = shown ?? (await persistently(join));
  const age = setInterval(showAge, 1_000);
  let hasJustJoined = !shown;
  for (;;) {
    if (standing.status) show(standing);
    if (standing.shop_token) return goIn();
    const isOver = standing.status === 'expired' && !hasJustJoined;
    // Without an instant for the next poll nothing changes by itself any more.
    if (standing.poll_after_ms === null && !isOver) break;
    if (isOver) {
      standing = await persistently(join);
    } else {
      await wait(standing.poll_after_ms);
      standing = await persistently(() => ask('GET', `/status?event_id=${event}`));
    }
    hasJustJoined = isOver;
    heardAt = Date.now();
  }
  clearInterval(age);
  byId('heard').hidden = true;
}

function showBeginning() {
  write(byId('note'), shortInstant(onSale));
  countdown.to(onSale);
}

/**
 * Repeats a request until there is an answer. The place is in the ticket, so a lost connection does
 * not cost it.
 */
async function persistently(work) {
  for (let waitMs = 1_000; ; waitMs = Math.min(waitMs * 2, 30_000)) {
    try {
      const answer = await work();
      say(byId('trouble'), null);
      return answer;
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
      const ms = Math.max(waitMs * (0.5 + Math.random() / 2), error.retryMs ?? 0);
      if (waitMs > 1_000) say(byId('trouble'), 'The queue does not answer at the moment. Your place is kept, and this page goes on asking.');
      await wait(ms);
    }
  }
}

const { requestStart } = performance.getEntriesByType('navigation')[0] ?? { requestStart: 0 };
heardInstant(room.dataset.now, performance.timeOrigin + requestStart, 0);
byId('without-script').hidden = true;
run().catch((error) => {
  const sentence = error.word === 'captcha_wrong' && widget?.wasUnavailable ? widget.excuse : error.message;
  say(byId('trouble'), `${sentence} Reload the page to try again.`);
});
