// Verified fans, before joining: the state of the account, registering, redeeming an invitation,
// and the pass for the join. A fan who joins without a pass joins like everybody, and joining again
// does not change that: so nothing here fails silently.

import { ask, isTemporary } from './api.js';
import { session } from './account.js';
import { serverNow } from './clock.js';
import { announce, byId, say, write } from './dom.js';
import { shortInstant } from './format.js';

/**
 * A mail may link to the page with the code behind this. What is behind a '#' is sent to no server.
 */
const CODE_IN_ADDRESS = '#invitation=';
/** A pass is used until so long before its end: a join may have to solve a puzzle first. */
const SPARE_MS = 60_000;
const BEFORE_YOU_JOIN = 'Do it before you join the queue: your place does not change afterwards.';

/** The sentence for each state of the account. */
const STATE_SENTENCES = {
  verified: () => 'You are a verified fan: in your draw your place comes before those of all who are not.',
  revoked: () => 'The organiser has taken this account off the verified fans. You can join like everybody.',
  invited: ({ registered }) =>
    `You are invited. Enter the code that was sent to you by mail. ${BEFORE_YOU_JOIN}${registered ? ' You are registered, too.' : ''}`,
  registered: ({ drawn, registration }) => {
    if (drawn) return 'You were registered, and not drawn as a verified fan. You can join like everybody.';
    const until = registration?.phase === 'open' ? ` when registration has closed, ${shortInstant(registration.closes_at)}` : '';
    return `You are registered. Verified fans are drawn${until || ' soon'}. If you join the queue before that, you join like everybody.`;
  },
  none: ({ registration }) => {
    if (registration?.phase === 'open') {
      return `Places of verified fans come first. You can register until ${shortInstant(registration.closes_at)}. ${BEFORE_YOU_JOIN}`;
    }
    if (registration?.phase === 'announced') return `Places of verified fans come first. You can register from ${shortInstant(registration.opens_at)}.`;
    return `Places of verified fans come first. If you were invited, enter your code. ${BEFORE_YOU_JOIN}`;
  },
};

/** @param notSignedIn called with a sentence when the account token is no longer good */
export function setUpFans({ eventId, notSignedIn }) {
  const path = `/api/v1/events/${eventId}/registration`;
  let offered = false;
  /** The last answer about the account; null as long as there is none. */
  let registration = null;
  /** The pass of a verified fan, with its end; null as long as there is none. */
  let held = null;

  byId('fans-code').value = codeInAddress();
  byId('fans-register').addEventListener('click', () => change(byId('fans-register'), {}));
  byId('fans-form').addEventListener('submit', (submission) => {
    submission.preventDefault();
    change(byId('fans-redeem'), { invitation_code: byId('fans-code').value });
  });

  /**
   * Asks for the state of the account, unless the event has no verified fans. The edge may answer
   * with what it knows from some seconds ago, unless the answer has to be fresh.
   */
  async function show({ fresh = false } = {}) {
    byId('fans').hidden = !offered || session() === null;
    if (byId('fans').hidden) return;
    say(byId('fans-error'), null);
    try {
      explain(await ask('GET', path, { bearer: session()?.access_token, fresh }));
    } catch (error) {
      registration = null;
      failed(error, 'Whether you are a verified fan cannot be told now. If you are one, do not join yet: without your pass you join like everybody.');
    }
  }

  function explain(answer) {
    registration = answer;
    const { state, registered, registration: period } = answer;
    write(byId('fans-state'), STATE_SENTENCES[state](answer));
    byId('fans-state').className = state === 'verified' ? 'notice good' : '';
    if (state === 'verified') hold();
    const isDecided = state === 'verified' || state === 'revoked';
    byId('fans-register').hidden = isDecided || registered || period?.phase !== 'open';
    byId('fans-form').hidden = isDecided;
  }

  /** Keeps a pass: whoever has one joins also while nobody can give another. */
  async function hold() {
    if (isGood(held)) return;
    try {
      held = await askForPass();
    } catch {
      held = null; // the join asks again, and says what is wrong
    }
  }

  function askForPass() {
    return ask('GET', `/api/v1/events/${eventId}/pass`, { bearer: session()?.access_token });
  }

  function failed(error, sentence) {
    say(byId('fans-error'), isTemporary(error) ? sentence : error.message);
    if (error.status === 401) notSignedIn(error.message);
  }

  async function change(button, body) {
    if (button.disabled) return;
    button.disabled = true;
    say(byId('fans-error'), null);
    try {
      explain(await ask('POST', path, { bearer: session()?.access_token, body }));
      announce(byId('fans-state').textContent);
    } catch (error) {
      failed(error, 'This cannot be done now. Try again in a moment.');
    } finally {
      button.disabled = false;
    }
  }

  /**
   * The pass to join with; undefined if the account is no verified fan's.
   * If the pass of a verified fan cannot be read, the fan does not join, and an error says why.
   */
  async function pass() {
    if (!offered) return undefined;
    // The state of a fan who is not verified may have changed since it was shown: fans may have been
    // selected.
    if (registration?.state !== 'verified') {
      const before = registration;
      await show({ fresh: true });
      // A fan who has read that the state is not known, and joins all the same, has chosen to.
      if (registration === null && before !== null) throw new Error('You have not joined: see above.');
    }
    if (registration?.state !== 'verified') return undefined;
    if (!isGood(held)) held = await askForPass();
    return held.fan_pass;
  }

  return { show, pass, offer: (wanted) => { offered = wanted; } };
}

/** Whether a pass is good for long enough to join with. */
function isGood(pass) {
  return pass !== null && Date.parse(pass.expires_at) - serverNow() > SPARE_MS;
}

function codeInAddress() {
  if (!location.hash.startsWith(CODE_IN_ADDRESS)) return '';
  try {
    return decodeURIComponent(location.hash.slice(CODE_IN_ADDRESS.length));
  } catch {
    return ''; // no address that this site gave
  }
}
