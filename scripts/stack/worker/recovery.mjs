// What Cloudflare's runtime calls of a worker in WebAssembly, so that a worker goes on after a
// trap. A trap, such as a panic, leaves memory that must not be used any more: the next call starts
// the module anew, and each Durable Object's instance is then made anew when it is called. What was
// stored is there; what an instance had only in memory is gone, as after an eviction.

// Traps in WebAssembly are many calls deep.
Error.stackTraceLimit = 100;

/**
 * @param wasm what wasm-bindgen wrote around the module, with the crate `worker`'s state and the
 * function that starts it anew
 * @returns {{handler: object, object: (Class: Function) => Function}} the worker's default export,
 * and what makes the stand-in for a class of Durable Objects
 */
export function recovering(wasm) {
  // The crate's own hook sets `criticalError` at a panic.
  const state = wasm.__worker_init_state();

  function note(error) {
    if (!(error instanceof WebAssembly.RuntimeError)) return;
    console.error('Critical', error);
    state.criticalError = true;
  }

  function inLiveModule(call) {
    if (state.criticalError) {
      console.log('the module is started anew after a trap');
      wasm.__wbg_reset_state();
      state.criticalError = false;
      state.instanceId += 1;
    }
    try {
      return call();
    } catch (error) {
      note(error);
      throw error;
    }
  }

  // Futures go on in microtasks, where no caller could catch.
  addEventListener('error', ({ error }) => note(error));

  function object(Class) {
    class Recovering {
      #given;
      #instance;
      #instanceId;

      constructor(...given) {
        this.#given = given;
        inLiveModule(() => this.#live());
      }

      #live() {
        if (this.#instanceId !== state.instanceId) {
          this.#instance = new Class(...this.#given);
          this.#instanceId = state.instanceId;
        }
        return this.#instance;
      }

      static forward(method) {
        Recovering.prototype[method] = function forwarded(...given) {
          return inLiveModule(() => this.#live()[method](...given));
        };
      }
    }
    // `alarm` and the like must exist only where the class has them: the runtime asks.
    const methods = Object.getOwnPropertyNames(Class.prototype);
    methods.filter((name) => !/^(?:constructor|free|__.*)$/.test(name)).forEach(Recovering.forward);
    return Recovering;
  }

  const handler = { fetch: (...given) => inLiveModule(() => wasm.fetch(...given)) };
  return { handler, object };
}
