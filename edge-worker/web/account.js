// Who is queueing. The account token lives in this tab only (sessionStorage): closing the tab signs out, and a token on
// disk is one that somebody else may find.

import { ask } from './api.js';
import { serverNow } from './clock.js';
import { byId, say, write } from './dom.js';
import { Kept } from './kept.js';

const kept = new Kept('sessionStorage', 'session');

/** {account_id, access_token, expires_at, email} while it is valid, else null. */
export function session() {
  if (kept.value && Date.parse(kept.value.expires_at) <= serverNow()) kept.forget();
  return kept.value;
}

export function signOut() {
  kept.forget();
  showWho();
}

export function showWho() {
  byId('who').hidden = session() === null;
  write(byId('who-email'), session()?.email ?? '');
}

/** @param signedIn called after every sign-in */
export function setUpAccount({ signedIn, signedOut }) {
  const form = byId('account-form');
  form.addEventListener('change', () => showMode(form));
  form.addEventListener('submit', async (submission) => {
    submission.preventDefault();
    if (await submit(form)) signedIn();
  });
  byId('sign-out').addEventListener('click', () => {
    signOut();
    signedOut();
  });
  showMode(form);
  showWho();
}

/** @param urgent why signing in cannot wait, if so */
export function prepareAccount({ urgent = null, returning = false }) {
  say(byId('account-urgent'), urgent);
  if (returning) {
    byId('account-form').elements['account-mode'].value = 'in';
    showMode(byId('account-form'));
  }
}

function isNew(form) {
  return form.elements['account-mode'].value === 'up';
}

function showMode(form) {
  write(byId('account-submit'), isNew(form) ? 'Create account' : 'Sign in');
  byId('password').autocomplete = isNew(form) ? 'new-password' : 'current-password';
  byId('password-hint').hidden = !isNew(form);
}

async function submit(form) {
  const button = byId('account-submit');
  if (button.disabled) return false;
  const credentials = { email: byId('email').value.trim(), password: byId('password').value };
  button.disabled = true;
  say(byId('account-error'), null);
  try {
    if (isNew(form)) await ask('POST', '/api/v1/accounts', { body: credentials });
    // From here on there is an account: a second attempt must not try to create it again.
    form.elements['account-mode'].value = 'in';
    showMode(form);
    const answer = await ask('POST', '/api/v1/sessions', { body: credentials });
    kept.keep({ ...answer, email: credentials.email });
    byId('password').value = '';
    showWho();
    return true;
  } catch (error) {
    say(byId('account-error'), error.message);
    return false;
  } finally {
    button.disabled = false;
  }
}
