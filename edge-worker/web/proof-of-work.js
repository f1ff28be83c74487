// Solves the proof-of-work challenge by which no machine can join a million times: ALTCHA's open
// protocol. A worker does it, so that the page stays usable.

/**
 * @param challenge as the API gives it: {algorithm, challenge, maxnumber, salt, signature}
 * @param progress called with the share of the numbers that were tried, from 0 to 1
 * @returns the captcha_token of the join
 */
export function solve(challenge, progress) {
  return new Promise((resolve, reject) => {
    const worker = new Worker('/assets/pow-worker.js', { type: 'module' });
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    worker.onmessage = ({ data }) => {
      if ('tried' in data) progress(Math.min(1, data.tried / Math.max(1, challenge.maxnumber)));
      else if ('number' in data) end(resolve, token(challenge, data.number));
      else end(reject, new Error('The puzzle has no solution. Please try again.'));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end(reject, new Error('This browser cannot solve the puzzle: it needs Web Workers and Web Cryptography over https.'));
    };
    worker.postMessage({ challenge: challenge.challenge, salt: challenge.salt, maxnumber: challenge.maxnumber });
  });
}

/** Everything in the token is ASCII: hex, digits and the salt's parameters. */
function token({ algorithm, challenge, salt, signature }, number) {
  return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
}
