// The page's side of a captcha provider's widget that says nothing. What it does when it speaks is in browser/captcha.test.mjs.
// Needs: nothing.

import assert from 'node:assert/strict';
import test, { afterEach, beforeEach, mock } from 'node:test';
import { CaptchaWidget } from '../web/captcha.js';

const SOLVED_WITHIN_MS = 120_000;
let callbacks;
let executed;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  executed = 0;
  globalThis.window = {
    turnstile: {
      render: (_, options) => { callbacks = options; return 'widget-1'; },
      execute: () => { executed += 1; },
      reset() {},
    },
  };
});

afterEach(() => mock.timers.reset());

/** What a join learns, so far. */
function asked(widget) {
  const state = { told: null };
  widget.token().then((token) => { state.told = token; }, (error) => { state.told = error.message; });
  return state;
}
/** Promises that are settled tell those who wait for them. */
const settled = async () => { for (let turn = 0; turn < 20; turn += 1) await null; };

test('a widget that never answers is given up after two minutes, and can be asked again', async () => {
  const widget = new CaptchaWidget({ provider: 'turnstile', site_key: 'site' }, {});
  const first = asked(widget);
  await settled();
  assert.equal(executed, 1);
  mock.timers.tick(SOLVED_WITHIN_MS - 1);
  await settled();
  assert.equal(first.told, null);
  mock.timers.tick(1);
  await settled();
  assert.equal(first.told, 'The check took too long. Please try again.');
  assert.equal(widget.wasUnavailable, false);

  const second = asked(widget);
  await settled();
  assert.equal(executed, 2);
  callbacks.callback('a token');
  await settled();
  assert.equal(second.told, 'a token');
});

test('the time of a join that was answered ends no later one', async () => {
  const widget = new CaptchaWidget({ provider: 'turnstile', site_key: 'site' }, {});
  const first = asked(widget);
  await settled();
  callbacks.callback('one');
  await settled();
  assert.equal(first.told, 'one');
  mock.timers.tick(SOLVED_WITHIN_MS - 1);
  const second = asked(widget);
  await settled();
  mock.timers.tick(SOLVED_WITHIN_MS - 1);
  await settled();
  assert.equal(second.told, null);
  callbacks.callback('two');
  await settled();
  assert.equal(second.told, 'two');
});
