// The fan's account. The account token lives in this tab only (sessionStorage): closing the tab
// signs out, and another person might find a token that is on disk.

import { ask } from './api.js';
import { serverNow } from './clock.js';
import { byId, say, write } from './dom.js';
import { StoredValue } from './stored-value.js';

const stored = new StoredValue('sessionStorage', 'session');

/** The session: {account_id, access_token, expires_at, email} while it is valid, else null. */
export function session() {
  if (stored.value && Date.parse(stored.value.expires_at) <= serverNow()) stored.clear();
  return stored.value;
}

export function signOut() {
  stored.clear();
  showAccountName();
}

export function showAccountName() {
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
  showAccountName();
}

/** @param urgent a sentence if signing in cannot wait; null otherwise */
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
    // The account exists now: a second attempt must not try to create it again.
    form.elements['account-mode'].value = 'in';
    showMode(form);
    const answer = await ask('POST', '/api/v1/sessions', { body: credentials });
    stored.store({ ...answer, email: credentials.email });
    byId('password').value = '';
    showAccountName();
    return true;
  } catch (error) {
    say(byId('account-error'), error.message);
    return false;
  } finally {
    button.disabled = false;
  }
}
