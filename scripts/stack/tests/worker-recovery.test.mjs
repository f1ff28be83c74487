// A worker goes on after a trap: the module is started anew, and the instances of Durable Objects
// are made anew in it.
// Needs: nothing.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { recovering } from '../worker/recovery.mjs';

/** What wasm-bindgen writes: a module that can be started anew, whose objects live as long as it. */
class Module {
  constructor() {
    this.state = { criticalError: false, instanceId: 1 };
    this.starts = 1;
    this.made = [];
    const module = this;
    this.Shard = class Shard {
      constructor(...given) {
        module.made.push(given);
        this.start = module.starts;
      }
      fetch(request) {
        assert.equal(this.start, module.starts, 'the object is of a module that is gone');
        return module.serve(request);
      }
      free() {}
      __destroy_into_raw() {}
    };
  }
  __worker_init_state() {
    return this.state;
  }
  __wbg_reset_state() {
    this.starts += 1;
  }
  fetch(request) {
    return this.serve(request);
  }
  serve(request) {
    if (request === 'trap') throw new WebAssembly.RuntimeError('unreachable');
    if (request === 'refuse') throw new Error('a refusal of its own');
    return `answer to ${request}`;
  }
}

let module, handler, object, listeners;

beforeEach(() => {
  mock.restoreAll();
  mock.method(console, 'error', () => {});
  mock.method(console, 'log', () => {});
  listeners = [];
  globalThis.addEventListener = (kind, listener) => listeners.push([kind, listener]);
  module = new Module();
  ({ handler, object } = recovering(module));
});

test('requests are passed on with what the runtime gives', () => {
  module.fetch = (...given) => given;
  assert.deepEqual(handler.fetch('request', 'env', 'context'), ['request', 'env', 'context']);
  assert.equal(module.starts, 1);
});

test('a trap is told to its caller, and the next request finds a module started anew', () => {
  assert.throws(() => handler.fetch('trap'), WebAssembly.RuntimeError);
  assert.equal(handler.fetch('one'), 'answer to one');
  assert.equal(handler.fetch('two'), 'answer to two');
  assert.equal(module.starts, 2);
});

test('an error that is no trap starts nothing anew', () => {
  assert.throws(() => handler.fetch('refuse'), /of its own/);
  assert.equal(handler.fetch('one'), 'answer to one');
  assert.equal(module.starts, 1);
});

test('an object is made anew, of what it was made of, after a trap anywhere in its module', () => {
  const shard = new (object(module.Shard))('state', 'env');
  const neighbour = new (object(module.Shard))('its state', 'env');
  assert.throws(() => neighbour.fetch('trap'), WebAssembly.RuntimeError);
  assert.equal(shard.fetch('one'), 'answer to one');
  assert.equal(neighbour.fetch('one'), 'answer to one');
  assert.equal(shard.fetch('two'), 'answer to two');
  assert.deepEqual(module.made, [['state', 'env'], ['its state', 'env'], ['state', 'env'], ['its state', 'env']]);
});

test('a trap in a microtask, and a panic that the crate noted, count as well', () => {
  const [[kind, listener]] = listeners;
  assert.equal(kind, 'error');
  listener({ error: new WebAssembly.RuntimeError('unreachable') });
  handler.fetch('one');
  assert.equal(module.starts, 2);
  listener({ error: new Error('of JavaScript') });
  handler.fetch('one');
  assert.equal(module.starts, 2);
  module.state.criticalError = true;
  handler.fetch('one');
  assert.equal(module.starts, 3);
});

test('an object has the methods of its class and no others', () => {
  const shard = new (object(module.Shard))();
  assert.equal(typeof shard.fetch, 'function');
  for (const name of ['alarm', 'free', '__destroy_into_raw']) assert.equal(shard[name], undefined, name);
});
