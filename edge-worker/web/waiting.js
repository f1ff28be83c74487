// The waiting page in front of a site: joins, asks where the ticket stands as often as the answers say, and loads the site
// when its turn has come. Cookies say who asks; without this script the page refreshes itself.

import { CaptchaWidget } from './captcha.js';

const API = '/.stanchion/api/v1/queue';
const room = document.querySelector('main');
const sentence = document.getElementById('sentence');
const work = document.getElementById('work');
const trouble = document.getElementById('trouble');
const event = room.dataset.event;
const { captcha: provider, siteKey } = room.dataset;
const widget = provider ? new CaptchaWidget({ provider, site_key: siteKey }, document.getElementById('captcha')) : null;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Refused extends Error {
  constructor(status, { error, message }, retryAfter) {
    super(message);
    this.status = status;
    this.word = error;
    this.retryMs = Number(retryAfter ?? 0) * 1_000;
  }
}

async function ask(method, path, body) {
  const answer = await fetch(API + path, { method, headers: body ? { 'content-type': 'application/json' } : {}, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, told, answer.headers.get('retry-after'));
  return told;
}

function solve({ challenge, salt, maxnumber, algorithm, signature }) {
  return new Promise((resolve, reject) => {
    const worker = new Worker('/.stanchion/assets/pow-worker.js', { type: 'module' });
    worker.onerror = () => reject(new Error('This browser cannot solve the puzzle: it needs Web Cryptography over https.'));
    worker.onmessage = ({ data }) => {
      if ('tried' in data) work.value = data.tried / maxnumber;
      else if ('number' in data) resolve(btoa(JSON.stringify({ algorithm, challenge, number: data.number, salt, signature })));
      else reject(new Error('The puzzle has no solution.'));
    };
    worker.postMessage({ challenge, salt, maxnumber });
  });
}

async function join() {
  work.hidden = widget !== null;
  const captcha = widget ? await widget.token() : await solve(await ask('GET', `/challenge?event_id=${event}`));
  work.hidden = true;
  // This page knows nothing of the device, and joins before anybody touches it: no fingerprint, no signals.
  return ask('POST', '/join', { event_id: event, device_fingerprint: '', captcha_token: captcha });
}

function show({ status, total_ahead: ahead, estimated_wait_minutes: minutes }) {
  const about = minutes == null ? '' : ` About ${minutes <= 1 ? 'a minute' : `${minutes} minutes`}.`;
  sentence.textContent = {
    pre_queue: 'You are in. Places are drawn at random when it begins.',
    drawing: 'You are in. Your place is being drawn.',
    waiting: ahead == null ? 'You are in.' : `${ahead === 0 ? 'You are next.' : `${ahead} ahead of you.`}${about}`,
    paused: 'You are in. Nobody is admitted for the moment; your place is kept.',
    sold_out: 'Everything is gone: there is nothing left to queue for.',
    expired: 'Your turn is over. Joining again …',
    your_turn: 'It is your turn.',
  }[status];
}

/** A page that joins by itself: whoever sees it asked for what is behind it. */
async function run() {
  if (room.dataset.state === 'closed') return; // the page itself asks again
  let standing = room.dataset.state === 'join' ? await persistently(join) : { poll_after_ms: 0 };
  for (;;) {
    if (standing.status) show(standing);
    if (standing.status === 'sold_out') return;
    if (standing.shop_token) return location.reload();
    if (standing.status === 'expired') standing = await persistently(join);
    await wait(standing.poll_after_ms);
    standing = await persistently(() => ask('GET', `/status?event_id=${event}`));
  }
}

/** Until it is answered: a place is in the ticket, not in the connection. */
async function persistently(work) {
  for (let waitMs = 1_000; ; waitMs = Math.min(waitMs * 2, 30_000)) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
      await wait(Math.max(waitMs, error.retryMs ?? 0));
    }
  }
}

document.getElementById('without-script').hidden = true;
run().catch((error) => {
  const sentence = error.word === 'captcha_wrong' && widget?.wasUnavailable ? widget.excuse : error.message;
  trouble.textContent = `${sentence} Reload the page to try again.`;
  trouble.hidden = false;
});
