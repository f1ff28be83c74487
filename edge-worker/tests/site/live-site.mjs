// A site whose requests and answers are long: files, uploads, event streams, long polls, WebSockets, and transfers that break.
// And a client that reads as slowly as a test wants.

import { createHash } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { BEHIND, SITE } from './harness.mjs';
import { acceptance, CLOSE, frame, readFrames } from './websocket.mjs';

const PIECE = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
const EVENT_EVERY_MS = 250;
export const ZIPPED = gzipSync(PIECE);

/** `bytes` bytes that follow from their number. */
export function* content(bytes) {
  for (let left = bytes; left > 0; left -= PIECE.length) yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
}

export function digest(bytes) {
  const hash = createHash('sha256');
  for (const piece of content(bytes)) hash.update(piece);
  return hash.digest('hex');
}

/** The site. `left` has the address of each request whose client went away before its end. */
export async function liveSite() {
  const left = new Set();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, BEHIND);
    const name = pathname.split('/').at(-1);
    request.on('error', () => {}); // told by `close`
    response.on('close', () => response.writableFinished || left.add(request.url));
    await ANSWERS[name]?.(request, response, searchParams);
  });
  server.on('upgrade', echo);
  await new Promise((resolve) => server.listen(new URL(BEHIND).port, '127.0.0.1', resolve));
  return { left, close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}

const ANSWERS = {
  /** A file, with its length if `length` is asked for. */
  async file(request, response, asked) {
    const bytes = Number(asked.get('bytes'));
    if (asked.has('length')) response.setHeader('content-length', bytes);
    if (request.method === 'HEAD') return response.end();
    await pipeline(Readable.from(content(bytes)), response).catch(() => {});
  },

  /** Tells what arrived. It stops reading for a while in the middle. */
  async upload(request, response, asked) {
    const hash = createHash('sha256');
    let bytes = 0;
    let rest = Number(asked.get('rest_ms'));
    try {
      for await (const piece of request) {
        hash.update(piece);
        bytes += piece.length;
        if (rest > 0 && bytes > 10_000_000) {
          await sleep(rest);
          rest = 0;
        }
      }
    } catch {
      return; // the client went away
    }
    const { 'content-length': length, 'transfer-encoding': coding, expect } = request.headers;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method: request.method, bytes, digest: hash.digest('hex'), length, coding, expect }));
  },

  /** Server-sent events without an end. */
  async events(_, response) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let number = 0; !response.destroyed; number += 1) {
      response.write(`data: ${number}\n\n`);
      await sleep(EVENT_EVERY_MS);
    }
  },

  async poll(_, response, asked) {
    await sleep(Number(asked.get('ms')));
    response.end('something happened');
  },

  silent() {},

  /** Ends the connection in the middle of an answer. */
  async breaks(_, response, asked) {
    if (asked.has('length')) response.setHeader('content-length', 1_000_000);
    response.write(PIECE);
    await sleep(200);
    response.destroy();
  },

  zipped(_, response) {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': ZIPPED.length }).end(ZIPPED);
  },
};

function echo(request, socket) {
  const { 'sec-websocket-key': key, 'sec-websocket-protocol': protocol } = request.headers;
  socket.on('error', () => {});
  socket.write(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptance(key)}`, ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []), '', ''].join('\r\n'));
  readFrames(socket, (opcode, payload) => {
    socket.write(frame(opcode, payload, { masked: false }));
    if (opcode === CLOSE) socket.end();
  });
}

/**
 * Sends a request to the edge. The answer's body is not read yet; `sent` is the request itself, and stays open if `body` is
 * null.
 */
export function ask(path, { method = 'GET', headers = {}, body } = {}) {
  const sent = httpRequest(SITE + path, { method, headers, agent: false });
  const answered = new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.once('upgrade', () => reject(new Error('a WebSocket was opened')));
  });
  answered.catch(() => {});
  if (body) pipeline(Readable.from(body), sent).catch(() => {});
  else if (body === null) sent.flushHeaders();
  else sent.end();
  return { sent, answered };
}

/** Reads an answer to its end, and rests for a while in the middle. `complete` is false if the transfer broke. */
export async function read(answer, { restMs = 0 } = {}) {
  const hash = createHash('sha256');
  let bytes = 0;
  let rest = restMs;
  let text = '';
  try {
    for await (const piece of answer) {
      hash.update(piece);
      bytes += piece.length;
      if (bytes < 10_000) text += piece;
      if (rest > 0 && bytes > 10_000_000) {
        await sleep(rest);
        rest = 0;
      }
    }
  } catch (error) {
    if (!['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(error.code)) throw error;
  }
  return { status: answer.statusCode, headers: answer.headers, bytes, digest: hash.digest('hex'), text, complete: answer.complete };
}
