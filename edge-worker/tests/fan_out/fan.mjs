// A fan without an account, as an app acts for one: solves the challenge, joins, polls, shops.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { askEdge } from '../../../scripts/stack/signed.mjs';

const TURN_WITHIN_MS = 40_000;

export class Fan {
  #cookie = null;
  ticket = null;

  constructor(edge, event) {
    this.edge = edge;
    this.event = event;
  }

  async ask(path, { method = 'GET', body, headers = {} } = {}) {
    const began = performance.now();
    const answer = await fetch(this.edge.url + path, {
      method,
      headers: { origin: this.edge.url, ...(this.#cookie && { cookie: this.#cookie }), ...(body && { 'content-type': 'application/json' }), ...headers },
      body: body && JSON.stringify(body),
    });
    const told = await answer.json();
    for (const line of answer.headers.getSetCookie()) this.#cookie ??= line.split(';')[0];
    return { status: answer.status, told, tookMs: performance.now() - began };
  }

  async join() {
    const { status, told: challenge } = await this.ask(`/api/v1/queue/challenge?event_id=${this.event}`);
    if (status !== 200) return { status, told: challenge };
    const { algorithm, salt, signature, maxnumber } = challenge;
    const sha256 = (text) => createHash('sha256').update(text).digest('hex');
    let number = 0;
    while (number <= maxnumber && sha256(`${salt}${number}`) !== challenge.challenge) number += 1;
    const solution = { algorithm, challenge: challenge.challenge, number, salt, signature };
    const captcha_token = Buffer.from(JSON.stringify(solution)).toString('base64');
    const joined = await this.ask('/api/v1/queue/join', { method: 'POST', body: { event_id: this.event, device_fingerprint: '', captcha_token } });
    this.ticket = joined.told.queue_token;
    return joined;
  }

  async poll() {
    const polled = await this.ask('/api/v1/queue/status', { headers: { 'queue-token': this.ticket } });
    this.ticket = polled.told.queue_token ?? this.ticket;
    return polled;
  }

  /** Polls until the status is this one. */
  async until(status) {
    const until = Date.now() + TURN_WITHIN_MS;
    for (;;) {
      const { told } = await this.poll();
      if (told.status === status) return told;
      if (Date.now() > until) throw new Error(`still ${JSON.stringify(told)}`);
      await sleep(100);
    }
  }

  cart(shopToken) {
    return this.ask('/api/v1/cart', { headers: { 'shop-token': shopToken } });
  }
}

/** Puts an event for visitors, as tests ask: as often as they can. */
export async function putEvent(edge, event, onSaleInMs) {
  const a_minute = 10_000_000;
  await control(edge, `/events/${event}`, {
    version: 1,
    name: 'Silence',
    on_sale_time: new Date(Date.now() + onSaleInMs).toISOString(),
    shards: 4,
    draw_window_ms: 1_000,
    turn_ms: 600_000,
    shopping_ms: 600_000,
    challenge_max_number: 1_000,
    policy: {
      identity: { anonymous: true },
      bots: { apps_without_signals: true },
      limits: { joins_per_account_a_minute: a_minute, joins_per_address_a_minute: a_minute, polls_per_ticket_a_minute: a_minute },
    },
  });
}

export async function putRate(edge, event, version, rate_per_second) {
  await control(edge, `/events/${event}/release`, { version, rate_per_second, lease_ms: 60_000, paused: false, sold_out: false });
}

async function control(edge, path, body) {
  const { status, told } = await askEdge({ edge: edge.url, key: process.env.STANCHION_CONTROL_KEY, method: 'PUT', path, body: JSON.stringify(body) });
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(told)}`);
}

/** An event with somebody in the shop and somebody who waits behind them for a long time. */
export async function shopperAndWaiter(edge, event) {
  await putEvent(edge, event, 4_000);
  await putRate(edge, event, 2, 0.1);
  const fans = [new Fan(edge, event), new Fan(edge, event)];
  for (const fan of fans) await fan.join();
  const placed = [];
  for (const fan of fans) placed.push([(await fan.until('waiting')).position, fan]);
  const [[, shopper], [, waiter]] = placed.sort(([one], [other]) => one - other);
  const { shop_token: shopToken } = await shopper.until('your_turn');
  await putRate(edge, event, 3, 0.001);
  await sleep(2_100); // until every instance knows
  return { shopper, shopToken, waiter };
}
