// The data centre's cache, which plain workerd leaves to its configuration: runs inside workerd as a service of its own
// and keeps answers in memory. The runtime asks for an entry with GET (a miss is 504), stores one with PUT whose body
// is a whole HTTP response, and removes one with PURGE.

const MOST_ENTRIES = 10_000; // the oldest is forgotten first
const MOST_BYTES_OF_ONE = 8 * 1024 * 1024;

const entries = new Map();

export default {
  async fetch(request) {
    switch (request.method) {
      case 'GET': return look(request.url);
      case 'PUT': return store(request.url, new Uint8Array(await request.arrayBuffer()));
      case 'PURGE': return new Response(null, { status: entries.delete(request.url) ? 200 : 404 });
      default: return new Response(null, { status: 405 });
    }
  },
};

function look(url) {
  const entry = entries.get(url);
  if (!entry || entry.expires <= Date.now()) {
    entries.delete(url);
    return new Response(null, { status: 504, headers: { 'cf-cache-status': 'MISS' } });
  }
  const age = String(Math.floor((Date.now() - entry.stored) / 1000));
  return new Response(entry.body, { status: entry.status, headers: [...entry.headers, ['age', age], ['cf-cache-status', 'HIT']] });
}

function store(url, bytes) {
  if (bytes.length > MOST_BYTES_OF_ONE) return new Response(null, { status: 413 });
  const { status, headers, body } = parse(bytes);
  const seconds = lifetime(headers);
  if (seconds > 0) {
    const stored = Date.now();
    entries.delete(url); // so that it becomes the newest
    entries.set(url, { status, headers, body, stored, expires: stored + seconds * 1000 });
    if (entries.size > MOST_ENTRIES) entries.delete(entries.keys().next().value);
  }
  return new Response(null, { status: 204 });
}

/** Seconds that a shared cache may keep it: s-maxage, else max-age, else not at all. */
function lifetime(headers) {
  const control = headers.find(([name]) => name === 'cache-control')?.[1] ?? '';
  if (/\b(no-store|no-cache|private)\b/.test(control)) return 0;
  const seconds = /\bs-maxage=(\d+)/.exec(control) ?? /\bmax-age=(\d+)/.exec(control);
  return seconds ? Number(seconds[1]) : 0;
}

const LATIN1 = new TextDecoder('latin1');

function parse(bytes) {
  const end = headEnd(bytes);
  const [first, ...lines] = LATIN1.decode(bytes.subarray(0, end)).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const chunked = headers.some(([name, value]) => name === 'transfer-encoding' && value === 'chunked');
  const rest = bytes.subarray(end + 4);
  return {
    status: Number(first.split(' ')[1]),
    headers: headers.filter(([name]) => name !== 'transfer-encoding'),
    body: chunked ? joinChunks(rest) : rest,
  };
}

/** Where the blank line begins that ends the head. */
function headEnd(bytes) {
  for (let at = 0; at + 3 < bytes.length; at += 1) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  throw new Error('The stored answer has no end of its head.');
}

/** RFC 9112, 7.1: size in hexadecimal, line end, bytes, line end; a size of zero ends it. */
function joinChunks(bytes) {
  const body = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf(13, at);
    const size = Number.parseInt(LATIN1.decode(bytes.subarray(at, lineEnd)), 16);
    if (!(size > 0)) return Uint8Array.from(body);
    for (const byte of bytes.subarray(lineEnd + 2, lineEnd + 2 + size)) body.push(byte);
    at = lineEnd + 2 + size + 2;
  }
}
