// Just enough of RFC 6455 for an echo: whole frames of text and binary, and the close. Both ends of a test use it, and what is
// tested is between them.

import { createHash, randomBytes } from 'node:crypto';

export const [TEXT, BINARY, CLOSE] = [1, 2, 8];

/** What a server answers to a client's key (section 4.2.2). */
export const acceptance = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** A whole message in one frame (section 5.2). Clients mask theirs. */
export function frame(opcode, payload, { masked }) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = (masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, payload]);
  const key = randomBytes(4);
  return Buffer.concat([head, key, payload.map((byte, at) => byte ^ key[at % 4])]);
}

/** Calls `take(opcode, payload)` for each frame that arrives. */
export function readFrames(socket, take) {
  let received = Buffer.alloc(0);
  socket.on('data', (piece) => {
    received = Buffer.concat([received, piece]);
    for (;;) {
      const parsed = parse(received);
      if (!parsed) return;
      received = received.subarray(parsed.end);
      take(parsed.opcode, parsed.payload);
    }
  });
}

function parse(bytes) {
  if (bytes.length < 2) return undefined;
  const short = bytes[1] & 0x7f;
  const lengthEnd = { 126: 4, 127: 10 }[short] ?? 2;
  if (bytes.length < lengthEnd) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const key = bytes[1] & 0x80 ? bytes.subarray(lengthEnd, lengthEnd + 4) : undefined;
  const begin = lengthEnd + (key ? 4 : 0);
  const end = begin + length;
  if (bytes.length < end) return undefined;
  const payload = bytes.subarray(begin, end).map((byte, at) => (key ? byte ^ key[at % 4] : byte));
  return { opcode: bytes[0] & 0x0f, payload: Buffer.from(payload), end };
}
