// Verified fans, before joining: where the account stands, registering, redeeming an invitation, and the pass for the join.
// Whoever joins without a pass joins like everybody, and a later join changes nothing of that: so nothing here fails silently.

import { ask, isTemporary } from './api.js';
import { session } from './account.js';
import { announce, byId, say, write } from './dom.js';
import { shortInstant } from './format.js';

/** A mail may link to the page with the code behind this; what is behind a '#' is sent to no server. */
const CODE_IN_ADDRESS = '#invitation=';
const BEFORE_YOU_JOIN = 'Do it before you join the queue: your place does not change afterwards.';

const STANDS = {
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
  /** The last answer; null while it is not known. */
  let standing = null;

  byId('fans-code').value = codeInAddress();
  byId('fans-register').addEventListener('click', () => change(byId('fans-register'), {}));
  byId('fans-form').addEventListener('submit', (submission) => {
    submission.preventDefault();
    change(byId('fans-redeem'), { invitation_code: byId('fans-code').value });
  });

  /** Asks where the account stands, unless the event has no verified fans. */
  async function show() {
    byId('fans').hidden = !offered || session() === null;
    if (byId('fans').hidden) return;
    say(byId('fans-error'), null);
    try {
      explain(await ask('GET', path, { bearer: session()?.access_token }));
    } catch (error) {
      standing = null;
      failed(error, 'Whether you are a verified fan cannot be told now. If you are one, do not join yet: without your pass you join like everybody.');
    }
  }

  function explain(answer) {
    standing = answer;
    const { state, registered, registration } = answer;
    write(byId('fans-state'), STANDS[state](answer));
    byId('fans-state').className = state === 'verified' ? 'notice good' : '';
    const isDecided = state === 'verified' || state === 'revoked';
    byId('fans-register').hidden = isDecided || registered || registration?.phase !== 'open';
    byId('fans-form').hidden = isDecided;
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
   * The pass to join with; undefined for whoever is no verified fan.
   * A verified fan whose pass cannot be had does not join: an error says why.
   */
  async function pass() {
    if (!offered) return undefined;
    // It may have changed since it was shown: the draw may have been made.
    const before = standing;
    await show();
    // Who has read that it cannot be told, and joins all the same, has chosen to.
    if (standing === null && before !== null) throw new Error('You have not joined: see above.');
    if (standing?.state !== 'verified') return undefined;
    const given = await ask('GET', `/api/v1/events/${eventId}/pass`, { bearer: session()?.access_token });
    return given.fan_pass;
  }

  return { show, pass, offer: (wanted) => { offered = wanted; } };
}

function codeInAddress() {
  if (!location.hash.startsWith(CODE_IN_ADDRESS)) return '';
  try {
    return decodeURIComponent(location.hash.slice(CODE_IN_ADDRESS.length));
  } catch {
    return ''; // no address that we gave
  }
}
