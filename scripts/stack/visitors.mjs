// Visitors of the protected site of the demo, whose queue is there only while the site is full: scripts/stack/on-sale sends
// them beside the on-sale and prints what they met.
//   node scripts/stack/visitors.mjs EDGE EVENT PATH AT_ONCE

import { setTimeout as sleep } from 'node:timers/promises';

const [edge, event, path, atOnce] = process.argv.slice(2);
const most = Number(atOnce);
/** As many as may be in, and half as many more. */
const visitors = most + most / 2;
const GIVE_UP_MS = 60_000;

/** A browser without script: it keeps cookies, and follows nothing. */
class Visitor {
  #cookies = new Map();

  async ask(target, form) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(edge + target, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { accept: 'text/html', cookie, ...(form && { origin: edge }) },
      body: form && new URLSearchParams(form),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      this.#cookies.set(name, value);
    }
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Queues until it is in. Returns how long that took, in ms. */
  async queue() {
    const began = Date.now();
    let joined = await this.ask('/.stanchion/join', { event_id: event, to: path });
    while (Date.now() - began < GIVE_UP_MS) {
      if (joined !== 303) joined = await this.ask('/.stanchion/join', { event_id: event, to: path });
      if (await this.ask(path) === 200) return Date.now() - began;
      await sleep(500);
    }
    throw new Error(`a visitor was not in after ${GIVE_UP_MS / 1_000} s`);
  }

  async leave() {
    await this.ask('/.stanchion/leave', { event_id: event, to: path });
  }
}

const inside = [];
const outside = [];
for (let count = 0; count < visitors; count += 1) {
  const visitor = new Visitor();
  (await visitor.ask(path) === 200 ? inside : outside).push(visitor);
}
console.log(`demo: a website beside the arena takes ${most} visitors at once: ${inside.length} of ${visitors} were in with their first request, ${outside.length} met its queue`);
if (inside.length > most || inside.length === 0) throw new Error(`${inside.length} are in, and ${most} may be`);

const queueing = outside.map((visitor) => visitor.queue());
// They get their places first: it is the next free slots that they wait for.
await sleep(8_000);
const leftAt = Date.now();
await Promise.all(inside.slice(0, outside.length).map((visitor) => visitor.leave()));
await Promise.all(queueing);
console.log(`demo: ${outside.length} visitors left, and the ${outside.length} who queued were in ${((Date.now() - leftAt) / 1_000).toFixed(1)} s later`);
