// Repeats a request until there is an answer, waits longer each time, and shows the fan what is
// going on.

import { ApiError, isTemporary } from './api.js';
import { byId, say, write } from './dom.js';
import { counted } from './format.js';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** All waits that are going on. The button 'Try now' and the browser's event 'online' end them. */
const waiting = new Set();
byId('connection-now').addEventListener('click', endWaits);
window.addEventListener('online', endWaits);

function endWaits() {
  for (const end of waiting) end();
}

/**
 * Repeats a request until there is an answer, or an error that repeating will not cure.
 * @param reassurance what the fan need not worry about meanwhile
 * @param signal an AbortSignal that ends the repeating; the promise then never settles
 */
export async function persistently(request, { reassurance = '', signal } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await request();
      if (signal?.aborted) return new Promise(() => {});
      hideTrouble();
      return answer;
    } catch (error) {
      if (signal?.aborted) return new Promise(() => {});
      if (!isTemporary(error)) {
        hideTrouble();
        throw error;
      }
      await showTroubleAndWait(error, waitMs(error, attempt), reassurance, signal);
      if (signal?.aborted) return new Promise(() => {});
    }
  }
}

/**
 * The wait doubles, with a random part so that a crowd does not come back at once. It is never
 * shorter than the server asks.
 */
function waitMs(error, attempt) {
  const doubled = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return Math.max(error.retryAfterMs ?? 0, doubled * (0.5 + Math.random() / 2));
}

function showTroubleAndWait(error, ms, reassurance, signal) {
  const what = error instanceof ApiError ? error.message : 'The connection is lost.';
  write(byId('connection-text'), `${what} ${reassurance}`.trim());
  write(byId('connection-next'), `Trying again in ${counted(Math.ceil(ms / 1000), 'second', 'seconds')}.`);
  byId('connection').hidden = false;
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      waiting.delete(end);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    waiting.add(end);
    signal?.addEventListener('abort', end);
  });
}

function hideTrouble() {
  byId('connection').hidden = true;
  say(byId('connection-text'), '');
  byId('connection-text').hidden = false;
}
