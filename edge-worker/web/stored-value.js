// One JSON value that survives a reload. Where the browser forbids storage the value lives as long
// as the page does, and everything else works.

export class StoredValue {
  #storage;
  #name;
  #value = null;

  /** @param where 'localStorage' (this device) or 'sessionStorage' (this tab) */
  constructor(where, name) {
    this.#name = `stanchion.${name}`;
    try {
      this.#storage = window[where];
      this.#value = JSON.parse(this.#storage.getItem(this.#name));
    } catch {
      this.#storage = null;
    }
  }

  get value() {
    return this.#value;
  }

  store(value) {
    this.#value = value;
    try {
      this.#storage?.setItem(this.#name, JSON.stringify(value));
    } catch {
      // Storage is full or forbidden: the page itself still has the value.
    }
  }

  clear() {
    this.#value = null;
    try {
      this.#storage?.removeItem(this.#name);
    } catch {
      // As above.
    }
  }
}
