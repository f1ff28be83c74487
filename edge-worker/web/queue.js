// Waiting in the queue: polls with the queue ticket, as often as the answers say and not more, and
// shows where it stands. Between two answers only the countdowns change, to instants that the
// server named. An answer without an instant for the next poll is the last one: nothing changes by
// itself any more. A reload asks again.

import { session, signOut } from './account.js';
import { ask } from './api.js';
import { serverNow } from './clock.js';
import { persistently } from './connection.js';
import { Countdown } from './countdown.js';
import { announce, byId, say, write } from './dom.js';
import { clockFace, count, roughly, shortInstant } from './format.js';

const SAFE = 'Your place is safe: it is in your ticket, which this device keeps, not in the connection.';
/** The server may need this long after an instant that it named. */
const MOMENT_MS = 500;
/** The same standing is not read aloud more often than this. */
const SPOKEN_EVERY_MS = 30_000;

export class Queue {
  #place;
  #heard;
  #asking = null;
  #timer = null;
  #last = null;
  #askAt = null;
  #spoken = { status: null, at: 0 };
  #countdown = new Countdown(byId('queue-value'));

  /**
   * @param place StoredValue {queue_token, on_sale_time, first_ahead, …}
   * @param heard called with every answer, and with {status: 'lost', message} when the ticket is
   *   worth nothing
   */
  constructor({ place, heard }) {
    this.#place = place;
    this.#heard = heard;
    setInterval(() => this.#showAge(), 1_000);
  }

  /** Begins with the answer of a join if there is one, and with a poll otherwise. */
  start(joined = null) {
    this.stop();
    if (joined && joined.status !== 'your_turn') {
      this.#take({ ...joined, total_ahead: null, estimated_wait_seconds: null });
    } else {
      this.askNow();
    }
  }

  stop() {
    this.#asking?.abort();
    clearTimeout(this.#timer);
    this.#countdown.stop();
    this.#last = null;
  }

  async askNow() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const answer = await persistently(() => this.#ask(), { reassurance: SAFE, signal: asking.signal });
      this.#take(answer);
    } catch (error) {
      this.#heard({ status: 'lost', message: error.message, word: error.word });
    }
  }

  async #ask() {
    const credentials = { queueToken: this.#place.value.queue_token, bearer: session()?.access_token };
    try {
      return await ask('GET', '/api/v1/queue/status', credentials);
    } catch (error) {
      // An account token that has expired must not cost the place: the queue ticket alone is enough
      // to poll.
      if (error.status !== 401 || !credentials.bearer || error.word?.startsWith('ticket')) throw error;
      signOut();
      return ask('GET', '/api/v1/queue/status', { queueToken: credentials.queueToken });
    }
  }

  #take(answer) {
    const place = { ...this.#place.value, queue_token: answer.queue_token };
    if (answer.position !== null) place.position = answer.position;
    if (answer.on_sale_time) place.on_sale_time = answer.on_sale_time;
    if (answer.total_ahead !== null && !(place.first_ahead >= answer.total_ahead)) place.first_ahead = answer.total_ahead;
    this.#place.store(place);
    this.#last = { at: Date.now(), answer };
    this.#askIn(answer.poll_after_ms);
    this.#heard(answer);
  }

  #askIn(ms) {
    clearTimeout(this.#timer);
    this.#askAt = ms === null ? null : Date.now() + ms;
    if (ms === null) return;
    this.#timer = setTimeout(() => this.askNow(), ms);
  }

  /** Shows an answer in the queue's view. */
  show(answer) {
    const place = this.#place.value;
    const view = VIEWS[answer.status]({ ...answer, on_sale_time: place.on_sale_time });
    write(byId('queue-title'), view.title);
    write(byId('queue-label'), view.label ?? '');
    write(byId('queue-note'), view.note ?? '');
    byId('queue-figure').hidden = !view.value && !view.until;
    this.#showValue(view);
    write(byId('queue-text'), view.text);
    say(byId('queue-error'), answer.message);
    const signedIn = session() !== null;
    byId('queue-signed-out').hidden = signedIn || answer.status === 'sold_out';
    byId('queue-again').hidden = !signedIn || !view.joinAgain;
    byId('queue-leave').hidden = !signedIn || Boolean(view.joinAgain) || answer.status === 'sold_out';
    this.#showLine(answer, place);
    document.title = `${view.short ?? view.title} · ${byId('event-name').textContent}`;
    this.#speak(answer.status, view.spoken ?? `${view.title}. ${view.text}`);
    this.#showAge();
  }

  #speak(status, sentence) {
    if (status === this.#spoken.status && Date.now() - this.#spoken.at < SPOKEN_EVERY_MS) return;
    this.#spoken = { status, at: Date.now() };
    announce(sentence);
  }

  #showValue({ value, until }) {
    const element = byId('queue-value');
    if (until) {
      element.setAttribute('role', 'timer');
      this.#countdown.to(until);
    } else {
      element.removeAttribute('role');
      this.#countdown.stop();
      write(element, value ?? '');
    }
  }

  #showLine({ status, total_ahead: ahead, estimated_wait_seconds: seconds }, { first_ahead: first }) {
    const shown = (status === 'waiting' || status === 'paused') && ahead !== null;
    byId('queue-line').hidden = !shown;
    if (!shown) return;
    const progress = byId('queue-progress');
    progress.max = Math.max(1, first);
    progress.value = Math.max(0, first - ahead);
    write(byId('queue-ahead'), count(ahead));
    write(byId('queue-wait'), seconds === null ? 'Cannot be told now' : roughly(seconds));
  }

  /** Shows how old the last answer is. */
  #showAge() {
    if (!this.#last) return write(byId('queue-heard'), '');
    const ago = Math.round((Date.now() - this.#last.at) / 1000);
    return write(byId('queue-heard'), `Heard from the queue ${ago < 2 ? 'just now' : `${clockFace(ago * 1000)} ago`}. ${this.#whenItAsks()}`);
  }

  #whenItAsks() {
    if (this.#askAt === null) return 'This page asks no more.';
    const next = Math.max(0, Math.ceil((this.#askAt - Date.now()) / 1000));
    if (next === 0) return 'Asking now …';
    return `This page asks again in ${clockFace(next * 1000)}; asking sooner tells nothing new.`;
  }
}

function placeLabel({ second_line: second }) {
  return second ? 'Your place in the second line' : 'Your place';
}

/** What is shown for each status. `until` is an instant to count down to, `value` a text. */
const VIEWS = {
  pre_queue: ({ on_sale_time: time }) => ({
    title: 'You are in',
    short: 'You are in',
    label: 'On sale in',
    until: time,
    note: shortInstant(time),
    text: 'Your place is drawn when the on-sale begins, at random, among everyone who joined before. You can close this page and come back on this device.',
  }),
  drawing: ({ drawn_at: time }) => {
    const later = time && Date.parse(time) + MOMENT_MS > serverNow();
    return {
      title: 'Your place is being drawn',
      short: 'Being drawn',
      label: later ? 'Your place is drawn in' : 'Your place is drawn',
      until: later ? time : null,
      value: later ? null : 'any moment',
      text: 'Everyone who joined in the same few seconds is drawn together, so nobody wins by being faster.',
    };
  },
  waiting: (answer) => ({
    title: 'You are in line',
    short: answer.total_ahead === null ? 'In line' : `${count(answer.total_ahead)} ahead`,
    label: placeLabel(answer),
    value: answer.position === null ? 'coming' : count(answer.position),
    text: 'Keep this page open, or come back: your turn waits for you for some minutes.',
    spoken: answer.total_ahead === null ? 'You are in line.' : `You are in line. ${count(answer.total_ahead)} ahead of you.`,
  }),
  paused: (answer) => ({
    title: 'The queue is paused',
    short: 'Paused',
    label: answer.position === null ? '' : placeLabel(answer),
    value: answer.position === null ? null : count(answer.position),
    text: 'Nobody is let in at the moment. Your place is kept, and it goes on by itself.',
  }),
  your_turn: (answer) => ({
    title: 'It is your turn',
    label: answer.claim_before ? 'Enter within' : '',
    until: answer.claim_before,
    text: 'The shop opens for you …',
  }),
  sold_out: () => ({ title: 'Sold out', text: 'Everything is sold, and nobody holds seats that could come back. Thank you for waiting.' }),
  expired: () => ({
    title: 'Your turn is over',
    text: session()
      ? 'Your turn, or your time in the shop, has passed. You can join again; you then get a new place.'
      : 'Your turn has passed, or you were in the shop already. Sign in: if your time in the shop is not over, you go on there.',
    joinAgain: true,
  }),
  lost: () => ({ title: 'Your ticket does not hold', text: 'Join again. If your place still exists, you get the same one.', joinAgain: true }),
};
