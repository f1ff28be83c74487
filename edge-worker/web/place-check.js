// Fetches what is public about a draw and hands it to the checker (Rust through wasm-bindgen, the
// same code as `stanchion-verify`), which works in a worker. Nothing is judged here: the checker
// finds what was left out or altered on the way.

import { send } from './api.js';

/** How many records are fetched at once. */
const AT_ONCE = 8;

/**
 * The claims of a receipt (a compact JWS), unchecked. They say what there is to fetch. Null if it
 * is no receipt.
 */
export function readReceipt(receipt) {
  try {
    const payload = atob(receipt.trim().split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (character) => character.charCodeAt(0))));
    return Number.isInteger(claims.draw) && Number.isInteger(claims.shard) && claims.event_id ? claims : null;
  } catch {
    return null;
  }
}

/**
 * @param held {receipt, place, commitment, announced, tickets_digest}; what was not noted is null
 *   or left out
 * @param progress called with a sentence about what is being done
 * @returns {passed: [{step, found}], fault: {step, what} or null, place}
 * @throws ApiError or ConnectionLost if the public data cannot be read
 */
export async function checkPlace(held, progress = () => {}) {
  const claims = readReceipt(held.receipt);
  if (!claims) return { passed: [], fault: { step: 'receipt', what: 'This is not a receipt.' }, place: null };
  const checker = new CheckerInWorker();
  try {
    await gather(checker, held.receipt, claims, progress);
    progress('Checking …');
    const { receipt, place = null, commitment = null, announced = null, tickets_digest = null } = held;
    return JSON.parse(await checker.call('verdict', JSON.stringify({ receipt, place, commitment, announced, tickets_digest })));
  } finally {
    checker.end();
  }
}

/** The checker behind the messages of its worker. */
class CheckerInWorker {
  #worker = new Worker('/assets/place-check-worker.js', { type: 'module' });
  #calls = new Map();
  #last = 0;
  #broken = null;

  constructor() {
    this.#worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(`The check broke off: ${error}.`));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#broken = new Error('This browser cannot check places: it needs Web Workers and WebAssembly.');
      for (const { reject } of this.#calls.values()) reject(this.#broken);
    };
  }

  /** Calls a method of the checker. Calls are done in order, so only a result must be waited for. */
  call(method, ...args) {
    if (this.#broken) return Promise.reject(this.#broken);
    this.#last += 1;
    const id = this.#last;
    const result = new Promise((resolve, reject) => { this.#calls.set(id, { resolve, reject }); });
    this.#worker.postMessage({ id, method, args });
    result.catch(() => {}); // whoever waits for a later call hears of it
    return result;
  }

  end() {
    this.#worker.terminate();
  }
}

async function gather(checker, receipt, { event_id, draw, shard: own }, progress) {
  const event = `/api/v1/events/${encodeURIComponent(event_id)}`;
  progress('Reading the keys and the queue …');
  checker.call('jwks', await text('/.well-known/jwks.json'));
  checker.call('queue', await text(`${event}/queue`));
  let last = null;
  const drawn = await drawnThrough(event, draw);
  for (let first = 0; first < drawn.length; first += AT_ONCE) {
    progress(`Reading the records of all draws up to this one: ${first} of ${drawn.length} …`);
    const some = drawn.slice(first, first + AT_ONCE);
    for (const record of await Promise.all(some.map((number) => text(`${event}/draws/${number}`)))) {
      checker.call('record', record);
      last = record;
    }
  }
  if (last === null) return;
  if (await checker.call('is_left_over', receipt)) last = await carrying(checker, receipt, event, draw, own, progress) ?? last;
  const { tiers, draw: found } = JSON.parse(last);
  const shards = [...new Set(tiers.flatMap((tier) => tier.shards.map(([shard]) => shard)))].sort((one, other) => one - other);
  for (const [index, shard] of shards.entries()) {
    progress(`Reading the lists of draw ${found}: ${index} of ${shards.length} …`);
    const list = await send('GET', `${event}/draws/${found}/shards/${shard}`);
    checker.call('log', shard, new Uint8Array(await list.arrayBuffer()));
  }
}

/**
 * The shard was silent when the receipt's draw was closed: hands over the records after it, up to
 * the one that carries the ticket, and the shard's list of the receipt's draw.
 * @returns the record that carries it; null if no draw has so far
 */
async function carrying(checker, receipt, event, draw, shard, progress) {
  for (const number of await drawnAfter(event, draw)) {
    progress(`The ticket is in a later draw: reading the record of draw ${number} …`);
    const record = await text(`${event}/draws/${number}`);
    checker.call('record', record);
    if (!await checker.call('carries', receipt)) continue;
    const list = await send('GET', `${event}/draws/${draw}/shards/${shard}`);
    checker.call('earlier_log', new Uint8Array(await list.arrayBuffer()));
    return record;
  }
  return null;
}

async function text(path) {
  return (await send('GET', path)).text();
}

/**
 * The draws up to this one. The site says which there are; a draw that it leaves out breaks the
 * chain of the others.
 */
async function drawnThrough(event, draw) {
  return (await drawnUntil(event, draw)).filter((number) => number <= draw);
}

/** All later draws that are closed by now. */
async function drawnAfter(event, draw) {
  return (await drawnUntil(event, Infinity)).filter((number) => number > draw);
}

async function drawnUntil(event, draw) {
  const drawn = [];
  let page = 0;
  while (page !== null) {
    const list = JSON.parse(await text(`${event}/draws?page=${page}`));
    drawn.push(...list.draws);
    page = drawn.at(-1) >= draw ? null : list.next_page;
  }
  return drawn;
}
