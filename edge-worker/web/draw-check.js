// Checks a place from public data alone, with the rules of ARCHITECTURE.md and nothing that the server computed for this fan
// but the receipt: the receipt's signature, the log up to the fan's own ticket, the secret's chain, the shuffle.

import { ask, send } from './api.js';

const ROUNDS = 90;
const BYTES_PER_TICKET = 17;
const encoder = new TextEncoder();

/** The claims inside a receipt (a compact JWS), unchecked. */
export function readReceipt(receipt) {
  return JSON.parse(new TextDecoder().decode(fromBase64url(receipt.split('.')[1])));
}

/**
 * @param commitment what the queue published when this fan joined
 * @returns {place, checks: [sentence, …]}
 * @throws Error with a sentence about the first thing that does not fit
 */
export async function checkPlace({ receipt, commitment }) {
  const claims = readReceipt(receipt);
  const checks = [await checkSignature(receipt)];
  const base = `/api/v1/events/${claims.event_id}/draws/${claims.draw}`;
  const record = await ask('GET', base);
  const log = new Uint8Array(await (await send('GET', `${base}/shards/${claims.shard}`)).arrayBuffer());

  await checkLog(claims, log);
  checks.push('The published list holds your ticket under the number of your receipt, and everyone before you in it is who was there when you joined.');
  await checkChain(record, commitment);
  checks.push('The secret of the draw is the one that was fixed before you joined.');
  const place = await drawnPlace(claims, record);
  checks.push(`Secret, list and number give place ${place}.`);
  return { place, checks };
}

async function checkSignature(receipt) {
  const [header, payload, signature] = receipt.split('.');
  const { kid } = JSON.parse(new TextDecoder().decode(fromBase64url(header)));
  const { keys } = await ask('GET', '/.well-known/jwks.json');
  const { kty, crv, x } = keys.find((key) => key.kid === kid) ?? fault('The key that signed your receipt is not published any more.');
  let key;
  try {
    key = await crypto.subtle.importKey('jwk', { kty, crv, x }, 'Ed25519', false, ['verify']);
  } catch {
    return 'This browser cannot check the receipt’s signature (it lacks Ed25519); the rest was checked.';
  }
  const holds = await crypto.subtle.verify('Ed25519', key, fromBase64url(signature), encoder.encode(`${header}.${payload}`));
  if (!holds) fault('The signature of your receipt does not hold.');
  return 'Your receipt is signed by this site.';
}

/** D = 32 zero bytes, then D = SHA-256(D || tier || tag) per ticket of the shard, in order. */
async function checkLog(claims, log) {
  let digest = new Uint8Array(32);
  let before = 0;
  for (let at = 0; at + BYTES_PER_TICKET <= log.length; at += BYTES_PER_TICKET) {
    const ticket = log.subarray(at, at + BYTES_PER_TICKET);
    digest = await sha256(digest, ticket);
    if (ticket[0] !== claims.tier) continue;
    if (before === claims.number) {
      if (toHex(ticket.subarray(1)) !== claims.tag) fault('Somebody else has your number in the published list.');
      if (toHex(digest) !== claims.digest) fault('The published list before you is not the one your receipt was given for.');
      return;
    }
    before += 1;
  }
  fault('Your number is missing in the published list.');
}

async function checkChain(record, commitment) {
  if (commitment && record.commitment !== commitment) fault('The commitment was changed after you joined.');
  let secret = fromHex(record.secret);
  for (let draw = record.draw; draw >= 0; draw -= 1) secret = await sha256(secret);
  if (toHex(secret) !== record.commitment) fault('The secret is not the one that was fixed in advance.');
}

async function drawnPlace(claims, record) {
  const tier = record.tiers[claims.tier];
  const lower = tier.shards.filter(([shard]) => shard < claims.shard).reduce((sum, [, count]) => sum + count, 0);
  const own = tier.shards.find(([shard]) => shard === claims.shard)?.[1] ?? 0;
  if (claims.number >= own) fault('The record does not count your ticket.');
  const entropy = record.entropy ? fromHex(record.entropy) : new Uint8Array();
  const seed = await sha256(encoder.encode(`stanchion/draw/v1\0${claims.event_id}\0`), uint32(claims.draw),
    Uint8Array.of(claims.tier), fromHex(record.secret), fromHex(record.tickets_digest), entropy);
  return tier.first_place + await shuffledIndex(lower + claims.number, tier.count, seed);
}

/** compute_shuffled_index of the Ethereum consensus specification. */
async function shuffledIndex(start, count, seed) {
  let index = start;
  for (let round = 0; round < ROUNDS; round += 1) {
    const pivot = Number(new DataView((await sha256(seed, Uint8Array.of(round))).buffer).getBigUint64(0, true) % BigInt(count));
    const flip = (pivot + count - index) % count;
    const position = Math.max(index, flip);
    const source = await sha256(seed, Uint8Array.of(round), uint32(Math.floor(position / 256)));
    const byte = source[Math.floor((position % 256) / 8)];
    if ((byte >> (position % 8)) & 1) index = flip;
  }
  return index;
}

function fault(sentence) {
  throw new Error(sentence);
}

async function sha256(...parts) {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function uint32(number) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number, true);
  return bytes;
}

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromBase64url(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
