// 'Check my place': a receipt in, every step of the check out.

import { byId, make, say, write } from './dom.js';
import { count } from './format.js';
import { Kept } from './kept.js';
import { checkPlace } from './place-check.js';

const TITLES = {
  receipt: 'Your receipt',
  commitment: 'The commitment',
  record: 'The right record',
  signature: 'The record’s signature',
  secret: 'The secret',
  beacon: 'The beacon',
  counts: 'The counts',
  chain: 'The records before',
  ticket: 'Your ticket in the list',
  logs: 'All lists',
  frozen: 'The frozen lists',
  place: 'Your place',
};

/** On the device that joined, what it noted is filled in; the event is named behind the address's #. */
function fillIn() {
  const eventId = decodeURIComponent(location.hash.slice(1));
  const place = eventId && new Kept('localStorage', `place.${eventId}`).value;
  if (!place?.receipt) return;
  byId('check-receipt').value = place.receipt;
  byId('check-place').value = place.position ?? '';
  byId('check-commitment').value = place.commitment ?? '';
}

async function check(event) {
  event.preventDefault();
  const button = byId('check-button');
  if (button.disabled) return;
  button.disabled = true;
  say(byId('check-verdict'), null);
  byId('check-steps').replaceChildren();
  const told = byId('check-place').value.trim();
  const held = {
    receipt: byId('check-receipt').value.trim(),
    place: told === '' ? null : Number(told),
    commitment: byId('check-commitment').value.trim() || null,
  };
  try {
    show(await checkPlace(held, (sentence) => write(byId('check-progress'), sentence)));
  } catch (error) {
    tell('notice warn', `It could not be checked: ${error.message}`);
  } finally {
    write(byId('check-progress'), '');
    button.disabled = false;
  }
}

function show({ passed, fault, place }) {
  const steps = passed.map(({ step, found }) => line('holds', step, found));
  if (fault) steps.push(line('fails', fault.step, fault.what));
  byId('check-steps').replaceChildren(...steps);
  if (fault) tell('notice bad', `It does not hold. ${fault.what}`);
  else tell('notice good', `Everything holds: your place is ${count(place)}.`);
}

function line(outcome, step, sentence) {
  return make('li', { class: outcome, 'data-step': step }, make('strong', {}, TITLES[step] ?? step), ` ${sentence}`);
}

function tell(look, sentence) {
  const verdict = byId('check-verdict');
  verdict.className = look;
  say(verdict, sentence);
}

fillIn();
byId('check-form').addEventListener('submit', check);
