// drand's HTTP API with rounds that real networks signed (shared/tests/vectors/beacon.json), for machines without a network.
// When a round is due is said by the event that announces the beacon, so a test chooses a genesis that makes a recorded
// round fall due when it wants. Beside them there is a chain of our own, whose rounds scripts/servers/beacon signs when they are due.
//
//   node beacon-server.mjs PORT SIGNER CHAIN     (CHAIN: JSON of our own chain {chain_hash, genesis, period, …})
//
//   GET /{chain hash}/public/{round}    the round, or 404
//   PUT /{chain hash}/next              a list of {status, body, after_ms}: what the chain's next requests are answered instead
//   GET /{chain hash}/asked             [{round, at}]: every request so far and when it came, ms since 1970
//
// A chain hash that was never recorded names the chain whose public key signed most rounds: tests take one each, so that
// what they PUT and see is their own. Only the public key binds a signature.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const MOST_BODY_BYTES = 64 * 1024;
const [port, signer, own] = [Number(process.argv[2]), process.argv[3], JSON.parse(process.argv[4])];
const { networks } = JSON.parse(readFileSync(new URL('../../shared/tests/vectors/beacon.json', import.meta.url), 'utf8'));
const [byDefault] = [...networks].sort((one, other) => other.rounds.length - one.rounds.length);
const chains = new Map();

function chain(hash) {
  const known = chains.get(hash) ?? { next: [], asked: [], rounds: (networks.find((one) => one.chain_hash === hash) ?? byDefault).rounds };
  chains.set(hash, known);
  return known;
}

async function answer(request) {
  if (request.url === '/healthz') return { status: 200, body: '{}' };
  const [, hash, what, number] = /^\/([0-9a-f]{64})\/(public|next|asked)(?:\/(\d{1,15}))?$/.exec(request.url) ?? [];
  if (!hash) return { status: 404, body: '{}' };
  const of = chain(hash);
  if (what === 'asked') return { status: 200, body: JSON.stringify(of.asked) };
  if (what === 'next') {
    of.next.push(...JSON.parse(await read(request)));
    return { status: 200, body: '{}' };
  }
  of.asked.push({ round: Number(number), at: Date.now() });
  const instead = of.next.shift();
  if (instead) {
    await sleep(instead.after_ms ?? 0);
    return instead;
  }
  const round = hash === own.chain_hash ? await ownRound(Number(number)) : of.rounds.find((one) => one.round === Number(number));
  if (!round) return { status: 404, body: JSON.stringify({ error: 'this round was not recorded, or is not out' }) };
  return { status: 200, body: JSON.stringify({ round: round.round, signature: round.signature }) };
}

const asked = [];
const signing = spawn(signer, [], { stdio: ['pipe', 'pipe', 'inherit'] });
signing.once('exit', () => process.exit(1));
// The first line is the public key, which is no round's.
asked.push(() => {});
createInterface({ input: signing.stdout }).on('line', (signature) => asked.shift()(signature));

/** Null before its time, as of any beacon. The signer answers in the order in which it is asked. */
async function ownRound(round) {
  if (round < 1 || Date.now() < (own.genesis + (round - 1) * own.period) * 1000) return null;
  const signature = await new Promise((resolve) => {
    asked.push(resolve);
    signing.stdin.write(`${round}\n`);
  });
  return { round, signature };
}

async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) throw new Error('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

createServer((request, response) => {
  answer(request).then(
    ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
    (error) => response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: error.message })),
  );
}).listen(port, '127.0.0.1');
