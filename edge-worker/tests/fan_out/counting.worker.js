// The owner of all objects, in place of the edge: hands every message on to the edge's own class, and counts it first.

import * as edge from './index.js';

/** Messages by object and kind; objects and this worker's own handler share one isolate. */
const counts = {};

const counting = (kind) => class {
  constructor(state, env) {
    this.object = new edge[kind](state, env);
  }

  async fetch(request) {
    const message = await request.text();
    const name = `${kind}.${Object.keys(JSON.parse(message))[0]}`;
    counts[name] = (counts[name] ?? 0) + 1;
    return this.object.fetch(new Request(request.url, { method: 'POST', body: message }));
  }

  alarm() {
    return this.object.alarm();
  }
};

export const Coordinator = counting('Coordinator');
export const Relay = counting('Relay');
export const Shard = counting('Shard');

export default { fetch: () => Response.json(counts) };
