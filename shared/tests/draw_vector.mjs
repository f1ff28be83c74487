// The draw, computed a second time and independently of the Rust code: with node:crypto for the
// hashes, and with the npm package @chainsafe/swap-or-not-shuffle (from a consensus client) for the
// shuffle.
//
// `node draw_vector.mjs` prints the vector. draw_vector.test.mjs compares it with the published
// vectors/draw.json, and rules/draw_vector.rs compares the Rust code with the same file.

import { createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const le = (bytes, value) => {
  const buffer = Buffer.alloc(bytes);
  bytes === 8 ? buffer.writeBigUInt64LE(BigInt(value)) : buffer.writeUIntLE(value, 0, bytes);
  return buffer;
};

const INPUT = {
  event_id: 'arena-2026',
  draw: 0,
  opened_at: '2026-11-01T09:00:00.000Z',
  closed_at: '2026-11-23T09:00:00.000Z',
  shards: 4,
  root: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  event_key: '42'.repeat(32),
  issuer: 'https://accounts.example',
};
const FANS = 20;
const CHAIN_LENGTH = 2 ** 20;

/** The package gives whole lists: element i of the unshuffled list 0..n-1 is compute_shuffled_index(i). */
export function shuffledIndexes(count, seed) {
  const require = createRequire(`${process.env.STANCHION_NODE}/node_modules/`);
  const { unshuffleList } = require('@chainsafe/swap-or-not-shuffle');
  return [...unshuffleList(Uint32Array.from({ length: count }, (_, index) => index), seed, 90)];
}

/** compute_shuffled_index from the specification's text, to see that the package's lists mean what we think. */
export function computeShuffledIndex(index, count, seed) {
  for (let round = 0; round < 90; round++) {
    const pivot = Number(sha256(seed, le(1, round)).readBigUInt64LE(0) % BigInt(count));
    const flip = (pivot + count - index) % count;
    const position = Math.max(index, flip);
    const source = sha256(seed, le(1, round), le(4, Math.floor(position / 256)));
    if ((source[Math.floor((position % 256) / 8)] >> (position % 8)) & 1) index = flip;
  }
  return index;
}

export function drawVector() {
  let secret = Buffer.from(INPUT.root, 'hex');
  for (let index = CHAIN_LENGTH - 1; index > INPUT.draw; index--) secret = sha256(secret);
  const commitment = sha256(secret);

  const logs = Array.from({ length: INPUT.shards }, () => []);
  const tickets = Array.from({ length: FANS }, (_, index) => {
    const subject = `fan-${index + 1}`;
    const tier = [1, 0, 1, 2, 1][index % 5];
    const message = Buffer.from(`${INPUT.issuer}\0${subject}`);
    const tag = createHmac('sha256', Buffer.from(INPUT.event_key, 'hex')).update(message).digest().subarray(0, 16);
    const shard = tag[0] >> (8 - Math.log2(INPUT.shards));
    const number = logs[shard].filter((entry) => entry.tier === tier).length;
    logs[shard].push({ tier, tag });
    return { subject, tier, tag: tag.toString('hex'), shard, number };
  });

  const countsOf = (log) => [0, 1, 2].map((tier) => log.filter((entry) => entry.tier === tier).length);
  const digestOf = (log) => log.reduce((d, { tier, tag }) => sha256(d, le(1, tier), tag), Buffer.alloc(32));
  const pinned = logs.map((log) => Buffer.concat([digestOf(log), ...countsOf(log).map((count) => le(4, count))]));
  const ticketsDigest = sha256(...pinned);

  // Suspects have places of the second line.
  const secondLine = { before: 0, moved_up: 0 };
  let nextPlace = 1;
  const tiers = [0, 1, 2].map((tier) => {
    const shards = logs.map((log, shard) => [shard, countsOf(log)[tier]]).filter(([, count]) => count > 0);
    const count = shards.reduce((sum, [, one]) => sum + one, 0);
    const firstPlace = tier === 2 ? secondLine.before + 1 : nextPlace;
    nextPlace += count;
    return { tier, first_place: firstPlace, count, shards };
  });

  const eventId = Buffer.from(INPUT.event_id);
  const seeds = [0, 1, 2].map((tier) =>
    sha256('stanchion/draw/v1\0', eventId, le(1, 0), le(4, INPUT.draw), le(1, tier), secret, ticketsDigest));
  for (const ticket of tickets) {
    const { first_place: first, count, shards } = tiers[ticket.tier];
    const before = shards.filter(([shard]) => shard < ticket.shard).reduce((sum, [, one]) => sum + one, 0);
    ticket.place = first + shuffledIndexes(count, seeds[ticket.tier])[before + ticket.number];
  }

  const canonical = Buffer.concat([
    Buffer.from('stanchion/record/v1\0'), le(1, eventId.length), eventId, le(4, INPUT.draw),
    le(8, Date.parse(INPUT.opened_at)), le(8, Date.parse(INPUT.closed_at)), le(8, 1),
    commitment, secret, ticketsDigest, le(1, 0), le(1, 0),
    ...tiers.flatMap(({ tier, first_place: first, count, shards }) => [
      le(1, tier), le(8, first), le(8, count), le(2, shards.length),
      ...shards.flatMap(([shard, one]) => [le(2, shard), le(4, one)]),
    ]),
    Buffer.alloc(32),
    // No epochs, missing shards, carried tickets or late instant; then the second line.
    le(4, 0), le(2, 0), le(4, 0), le(1, 0), le(8, secondLine.before), le(8, secondLine.moved_up),
  ]);

  const hex = (buffer) => buffer.toString('hex');
  return {
    input: INPUT,
    secret: hex(secret), commitment: hex(commitment),
    logs: logs.map((log) => log.map(({ tier, tag }) => le(1, tier).toString('hex') + hex(tag)).join('')),
    digests: logs.map((log) => hex(digestOf(log))),
    tickets_digest: hex(ticketsDigest),
    seeds: seeds.map(hex),
    tiers, second_line: secondLine, tickets,
    canonical_bytes: hex(canonical), record_hash: hex(sha256(canonical)),
    shuffles: [1, 2, 3, 10, 100, 255, 256, 257, 1000].map((count) => {
      const seed = sha256(`shuffle ${count}`);
      return { count, seed: hex(seed), indexes: shuffledIndexes(count, seed) };
    }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  // Lists of numbers stand on one line, because people read the file, too.
  const json = JSON.stringify(drawVector(), null, 1);
  console.log(json.replace(/\[[\s\d,]+\]/g, (list) => list.replace(/\s+/g, '')));
}
