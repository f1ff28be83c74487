// A sleep that a browser does not stretch in a tab in the background, where timers of a page ring
// once a minute: a worker's timers do not.

/** The longest that one timer of a browser can wait, in ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** Resolves after so many ms. Where the browser has no workers the page's own timer rings. */
export async function steadySleep(ms) {
  for (let left = ms; left > 0; left -= LONGEST_MS) await once(Math.min(left, LONGEST_MS));
}

function once(ms) {
  return new Promise((resolve) => {
    let worker = null;
    const end = () => {
      worker?.terminate();
      resolve();
    };
    try {
      worker = new Worker('/assets/sleep-worker.js', { type: 'module' });
    } catch {
      setTimeout(end, ms);
      return;
    }
    worker.onmessage = end;
    worker.onerror = (event) => {
      event.preventDefault();
      setTimeout(end, ms);
    };
    worker.postMessage(ms);
  });
}
