// Tries numbers until SHA-256(salt || number in decimal) is the challenge. Web Cryptography answers
// asynchronously, so the worker asks for many hashes at once instead of waiting for each.

const BATCH = 1_000;

self.onmessage = async ({ data: { challenge, salt, maxnumber } }) => {
  if (!self.crypto?.subtle) throw new Error('Web Cryptography is missing');
  const encoder = new TextEncoder();
  const wanted = challenge.match(/../g).map((pair) => Number.parseInt(pair, 16));

  for (let from = 0; from <= maxnumber; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, maxnumber - from + 1) }, (_, offset) => from + offset);
    const hashes = await Promise.all(numbers.map((number) => crypto.subtle.digest('SHA-256', encoder.encode(salt + number))));
    const found = hashes.findIndex((hash) => isEqual(new Uint8Array(hash), wanted));
    if (found >= 0) {
      self.postMessage({ number: from + found });
      return;
    }
    self.postMessage({ tried: from + numbers.length });
  }
  self.postMessage({ unsolvable: true });
};

function isEqual(hash, wanted) {
  return hash.length === wanted.length && wanted.every((byte, index) => hash[index] === byte);
}
