// The widget of a captcha provider, for events that have one. It is loaded from the provider when a fan joins, and not
// before: who only looks is nobody's business but ours.

const LOADED_WITHIN_MS = 15_000;
/** A puzzle is solved sooner. Longer waits whoever's browser keeps the puzzle away and says nothing of it. */
const SOLVED_WITHIN_MS = 120_000;
const TOOK_TOO_LONG = 'The check took too long. Please try again.';

/** Both have render, execute and reset, and differ in names only. */
const PROVIDERS = {
  hcaptcha: {
    name: 'hCaptcha',
    script: 'https://js.hcaptcha.com/1/api.js?render=explicit&recaptchacompat=off',
    options: { size: 'invisible' },
  },
  turnstile: {
    name: 'Cloudflare Turnstile',
    script: 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit',
    options: { execution: 'execute', appearance: 'interaction-only' },
  },
};

/** The provider's script or network did not answer: its own doing, or something in the browser that blocks it. */
class Unavailable extends Error {}

export class CaptchaWidget {
  #api;
  #element;
  #id = null;
  #known;
  #settle;
  /** The last token was made up, because there was no widget to give one. */
  wasUnavailable = false;

  /**
   * @param announced what the queue says: {provider, site_key}
   * @param element where the widget may show a puzzle
   */
  constructor({ provider, site_key: siteKey }, element) {
    this.provider = provider;
    this.siteKey = siteKey;
    this.#api = () => window[provider];
    this.#known = PROVIDERS[provider];
    this.#element = element;
  }

  /** For people. */
  get name() {
    return this.#known.name;
  }

  /** What is said when the edge refuses a token that was made up. */
  get excuse() {
    return `The check by ${this.name} could not be loaded. Something in this browser or network may block it: allow it and try again.`;
  }

  /**
   * A token for one join. A widget that cannot be loaded gives one that nobody made: the edge asks the provider about it,
   * and lets the fan join behind the others if the provider is down for it, too.
   */
  async token() {
    this.wasUnavailable = false;
    try {
      await this.#load();
      return await this.#execute();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.wasUnavailable = true;
      return `unavailable-${crypto.randomUUID()}`;
    }
  }

  #load() {
    if (this.#api()) return undefined;
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      const patience = setTimeout(() => fail(), LOADED_WITHIN_MS);
      const end = () => {
        clearTimeout(patience);
        delete window.stanchionCaptchaLoaded;
      };
      const fail = () => {
        end();
        script.remove(); // so that the next try asks anew
        reject(new Unavailable());
      };
      window.stanchionCaptchaLoaded = () => {
        end();
        resolve();
      };
      script.onerror = fail;
      script.src = `${this.#known.script}&onload=stanchionCaptchaLoaded`;
      document.head.append(script);
    });
  }

  #execute() {
    let patience;
    const answered = new Promise((resolve, reject) => {
      patience = setTimeout(() => reject(new Error(TOOK_TOO_LONG)), SOLVED_WITHIN_MS);
      const unavailable = () => {
        reject(new Unavailable());
        return true; // handled: nothing for the console
      };
      const refuse = (sentence) => () => reject(new Error(sentence));
      // The callbacks of the one widget are those of the join that runs now.
      this.#settle = {
        callback: resolve,
        'error-callback': unavailable,
        'unsupported-callback': unavailable,
        'close-callback': refuse('The check was closed before it was solved. Join again when you like.'),
        'chalexpired-callback': refuse(TOOK_TOO_LONG),
        'timeout-callback': refuse(TOOK_TOO_LONG),
      };
      if (this.#id === null) this.#render();
      else this.#api().reset(this.#id);
      this.#api().execute(this.#id);
    });
    return answered.finally(() => clearTimeout(patience));
  }

  #render() {
    const callbacks = Object.keys(this.#settle).map((name) => [name, (told) => this.#settle[name](told)]);
    this.#id = this.#api().render(this.#element, { sitekey: this.siteKey, ...this.#known.options, ...Object.fromEntries(callbacks) });
  }
}
