// The owner of all objects, in place of the edge: hands every message and every alarm on to the edge's own class, unless the
// object was silenced. Then they wait until it may speak again, and arrive late, as after an outage.

import * as edge from './index.js';

/** Names of shards that are silent now: 'event/number'. All objects and this worker's own handler share one isolate. */
const silent = new Set();
const LOOK_EVERY_MS = 20;

async function untilHeard(object) {
  while (silent.has(object.name)) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}

const passedOn = (kind) => class {
  constructor(state, env) {
    this.object = new edge[kind](state, env);
  }

  fetch(request) {
    return this.object.fetch(request);
  }

  alarm() {
    return this.object.alarm();
  }
};

export const Coordinator = passedOn('Coordinator');
export const Counter = passedOn('Counter');
export const Directory = passedOn('Directory');
export const Relay = passedOn('Relay');

export const Shard = class {
  /** A shard learns from its first join where it is; so does this. */
  name = null;

  constructor(state, env) {
    this.object = new edge.Shard(state, env);
  }

  async fetch(request) {
    const message = await request.text();
    const told = JSON.parse(message).JoinMessage;
    if (told) this.name = `${told.event_id}/${told.shard}`;
    await untilHeard(this);
    return this.object.fetch(new Request(request.url, { method: 'POST', body: message }));
  }

  async alarm() {
    await untilHeard(this);
    return this.object.alarm();
  }
};

/** POST /silent/event/number and POST /heard/event/number. */
export default {
  fetch(request) {
    const [, what, event, shard] = new URL(request.url).pathname.split('/');
    const name = `${event}/${shard}`;
    if (what === 'silent') silent.add(name);
    else silent.delete(name);
    return Response.json([...silent]);
  },
};
