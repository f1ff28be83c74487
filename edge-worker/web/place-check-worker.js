// The checker of places (Rust through wasm-bindgen) in a worker: a check of thousands of draws takes
// seconds, in which the page stays usable. Each message is {id, method, args}, a call of the one
// checker here; each answer {id, result}, or {id, error} with the reason why there is none.

import startChecker, { Checker } from './checker.js';

const started = startChecker().then(() => new Checker());

self.onmessage = async ({ data: { id, method, args } }) => {
  try {
    // All calls wait for the same promise, so they are done in the order in which they came.
    const checker = await started;
    self.postMessage({ id, result: checker[method](...args) });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};
