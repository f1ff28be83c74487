// The owner of all objects, in place of the edge: hands every message on to the edge's own class, and counts it first.

import * as edge from './index.js';

/** Messages by object and kind; objects and this worker's own handler share one isolate. */
const counts = {};

/** Until when a kind of object is silent, in ms since 1970. */
const silentUntil = {};

/** Relays get reads only; a coordinator's read says what of, as theirs does. */
function nameOf(kind, message) {
  const read = kind === 'Relay' ? message.read : message.Read; // undefined in a message that is no read
  return read === undefined ? `${kind}.${variantOf(message)}` : `${kind}.Read.${variantOf(read)}`;
}

/** A variant is a string, or the one field of an object. */
function variantOf(value) {
  return typeof value === 'string' ? value : Object.keys(value)[0];
}

const counting = (kind) => class {
  constructor(state, env) {
    this.object = new edge[kind](state, env);
  }

  async fetch(request) {
    const message = await request.text();
    const name = nameOf(kind, JSON.parse(message));
    counts[name] = (counts[name] ?? 0) + 1;
    // Silent, and not dead: the message is not answered, and no error comes.
    while (Date.now() < (silentUntil[kind] ?? 0)) await new Promise((resolve) => setTimeout(resolve, 100));
    return this.object.fetch(new Request(request.url, { method: 'POST', body: message }));
  }

  alarm() {
    return this.object.alarm();
  }
};

export const Coordinator = counting('Coordinator');
export const Counter = counting('Counter');
export const Directory = counting('Directory');
export const Relay = counting('Relay');
export const Shard = counting('Shard');

/** What was counted. With ?silence=KIND&ms=… such objects are silent for so long first. */
export default {
  fetch(request) {
    const asked = new URL(request.url).searchParams;
    if (asked.has('silence')) silentUntil[asked.get('silence')] = Date.now() + Number(asked.get('ms'));
    return Response.json(counts);
  },
};
