// Fetches what is public about a draw and hands it to the checker (Rust through wasm-bindgen, the same as `rush verify`).
// Nothing is judged here: what is left out or altered on the way, the checker finds.

import { ApiError, send } from './api.js';
import startChecker, { Checker } from './checker.js';

/** Records that are fetched at once. */
const AT_ONCE = 8;

/** The claims inside a receipt (a compact JWS), unchecked: what there is to fetch. Null if it is no receipt. */
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
 * @param held {receipt, place, commitment, announced, tickets_digest}; what was not noted is null or left out
 * @param progress called with a sentence about what is being done
 * @returns {passed: [{step, found}], fault: {step, what} or null, place}
 * @throws ApiError or ConnectionLost: the public data cannot be had
 */
export async function checkPlace(held, progress = () => {}) {
  const claims = readReceipt(held.receipt);
  if (!claims) return { passed: [], fault: { step: 'receipt', what: 'This is not a receipt.' }, place: null };
  await startChecker();
  const checker = new Checker();
  try {
    await gather(checker, claims, progress);
    progress('Checking …');
    const { receipt, place = null, commitment = null, announced = null, tickets_digest = null } = held;
    return JSON.parse(checker.verdict(JSON.stringify({ receipt, place, commitment, announced, tickets_digest })));
  } finally {
    checker.free();
  }
}

async function gather(checker, { event_id, draw }, progress) {
  const event = `/api/v1/events/${encodeURIComponent(event_id)}`;
  progress('Reading the keys and the queue …');
  checker.jwks(await text('/.well-known/jwks.json'));
  checker.queue(await text(`${event}/queue`));
  let last = null;
  for (let first = 0; first <= draw; first += AT_ONCE) {
    progress(`Reading the records of all draws up to this one: ${first} of ${draw + 1} …`);
    const numbers = Array.from({ length: Math.min(AT_ONCE, draw + 1 - first) }, (_, index) => first + index);
    for (const record of await Promise.all(numbers.map((number) => recordOf(`${event}/draws/${number}`)))) {
      if (record !== null) {
        checker.record(record);
        last = record;
      }
    }
  }
  if (last === null) return;
  const { tiers, draw: found } = JSON.parse(last);
  const shards = [...new Set(tiers.flatMap((tier) => tier.shards.map(([shard]) => shard)))].sort((one, other) => one - other);
  for (const [index, shard] of shards.entries()) {
    progress(`Reading the lists of draw ${found}: ${index} of ${shards.length} …`);
    const list = await send('GET', `${event}/draws/${found}/shards/${shard}`);
    checker.log(shard, new Uint8Array(await list.arrayBuffer()));
  }
}

async function text(path) {
  return (await send('GET', path)).text();
}

/** Null where nobody joined in the window: such a draw has no record. */
async function recordOf(path) {
  try {
    return await text(path);
  } catch (error) {
    if (error instanceof ApiError && error.word === 'draw_empty') return null;
    throw error;
  }
}
