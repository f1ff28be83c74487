// Joining the queue: what the fan should know before, the captcha, the join itself.

import { ask } from './api.js';
import { session } from './account.js';
import { CaptchaWidget } from './captcha.js';
import { heardInstant } from './clock.js';
import { persistently } from './connection.js';
import { Countdown } from './countdown.js';
import { announce, byId, say, write } from './dom.js';
import { setUpFans } from './verified-fans.js';
import { counted, shortInstant } from './format.js';
import { solve } from './proof-of-work.js';
import { summarize, watch } from './signals.js';

const EXPLAINED = {
  pre_queue: 'Everyone who joins before the on-sale is drawn in random order when it begins. Joining early or fast gives no better place, so take your time.',
  drawing: 'The first draw is being made. If you join now, you are in the next one, and its places come after.',
  on_sale: 'The on-sale has begun. Fans who join now are drawn every few seconds, and their places come after those already drawn.',
  paused: 'Admission is stopped for the moment. You can join: places are kept and go on when it continues.',
  stopped: 'Nobody is let in at the moment. You can join: places are kept and go on when it continues.',
  sold_out: 'Everything is sold. There is nothing left to queue for.',
};

watch();

/** How old the snapshot may be when it comes. */
const SNAPSHOT_AGE_MS = 3_000;

/**
 * Asks for the state of the queue. The answer has the server's time, too: not every runtime sends a
 * Date header.
 */
export async function askForSnapshot(eventId) {
  const sentAt = Date.now();
  const queue = await ask('GET', `/api/v1/events/${eventId}/queue`);
  heardInstant(queue.as_of, sentAt, SNAPSHOT_AGE_MS);
  return queue;
}

/**
 * The part of the queue's answer that a receipt binds. It is noted at the join, so that a later
 * change is found out.
 */
export function announcedIn({ event_id, commitment, shards, on_sale_time, draw_window_ms, beacon }) {
  return { event_id, commitment, shards, on_sale_time, draw_window_ms, beacon };
}

/** @param joined called with the join's answer and the state of the queue right before it */
export function setUpJoin({ eventId, joined, notSignedIn }) {
  const countdown = new Countdown(byId('join-countdown'), () => setTimeout(show, 1_000 + Math.random() * 2_000));
  const fans = setUpFans({ eventId, notSignedIn });
  /** The widget of the event's captcha provider; null where the built-in proof of work is used. */
  let widget = null;

  /** Asks for the state of the queue, and shows what it means for a fan who joins. */
  async function show() {
    say(byId('join-error'), null);
    fans.show(); // shows its own errors
    try {
      explain(await persistently(() => askForSnapshot(eventId)));
    } catch (error) {
      say(byId('join-error'), error.message);
    }
  }

  function explain(queue) {
    chooseWidget(queue);
    write(byId('join-explained'), EXPLAINED[queue.phase] ?? EXPLAINED.on_sale);
    byId('join-button').hidden = queue.phase === 'sold_out';
    byId('join-figure').hidden = queue.phase !== 'pre_queue';
    countdown.stop();
    if (queue.phase !== 'pre_queue') return;
    const crowd = queue.joined === 0 ? '' : ` · ${counted(queue.joined, 'fan has', 'fans have')} joined`;
    write(byId('join-time'), shortInstant(queue.on_sale_time) + crowd);
    countdown.to(queue.on_sale_time);
  }

  async function join() {
    const button = byId('join-button');
    if (button.disabled) return;
    button.disabled = true;
    say(byId('join-error'), null);
    byId('join-progress').value = 0;
    byId('join-work').hidden = false;
    announce('Joining the queue.');
    try {
      const bearer = session()?.access_token;
      const fanPass = await fans.pass();
      // Until the first join an admin may change what the page was opened with.
      const queue = await askForSnapshot(eventId);
      chooseWidget(queue);
      const captchaToken = await prove(bearer);
      const body = {
        event_id: eventId, device_fingerprint: await fingerprint(), captcha_token: captchaToken, signals: summarize(), fan_pass: fanPass,
      };
      joined(await ask('POST', '/api/v1/queue/join', { bearer, body }), queue);
    } catch (error) {
      say(byId('join-error'), error.word === 'captcha_wrong' && widget?.wasUnavailable ? widget.excuse : error.message);
      if (error.status === 401) notSignedIn(error.message);
    } finally {
      byId('join-work').hidden = true;
      button.disabled = false;
    }
  }

  function chooseWidget({ captcha }) {
    if (captcha?.provider !== widget?.provider || captcha?.site_key !== widget?.siteKey) {
      widget = captcha ? new CaptchaWidget(captcha, byId('join-captcha')) : null;
    }
    write(byId('join-work-hint'), widget
      ? `${widget.name} checks it, and may show you a puzzle.`
      : 'Your device solves a small puzzle. Nothing for you to do, and no pictures to click.');
  }

  /** The captcha token. */
  async function prove(bearer) {
    const progress = byId('join-progress');
    if (widget) {
      progress.removeAttribute('value'); // nobody knows how long
      return widget.token();
    }
    const challenge = await ask('GET', '/api/v1/queue/challenge', { bearer, query: { event_id: eventId } });
    return solve(challenge, (share) => { progress.value = share * 100; });
  }

  byId('join-button').addEventListener('click', join);
  return { show, hide: () => countdown.stop(), offerFans: fans.offer };
}

/**
 * A hash of what the page knows of the device. Devices of one kind have the same hash, and so have
 * the browsers of a farm on one machine. It leaves out what can only serve to tell people apart
 * (canvas, fonts, audio).
 */
async function fingerprint() {
  const known = [navigator.userAgent, navigator.languages?.join(), navigator.hardwareConcurrency, screen.width, screen.height,
    devicePixelRatio, Intl.DateTimeFormat().resolvedOptions().timeZone];
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(known)));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
