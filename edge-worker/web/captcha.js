// The widget of a captcha provider, for events that have one. It is loaded from the provider when a
// fan joins, and not before: the provider need not learn of fans who only look at the page.

const LOADED_WITHIN_MS = 15_000;
/**
 * A puzzle is solved sooner. A browser that blocks the puzzle without an error must not wait for
 * ever.
 */
const SOLVED_WITHIN_MS = 120_000;
const TOOK_TOO_LONG = 'The check took too long. Please try again.';

/** Both widgets have render, execute and reset. They differ in names only. */
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

/**
 * The provider's script or network did not answer. The provider may be down, or something in the
 * browser blocks it.
 */
class Unavailable extends Error {}

export class CaptchaWidget {
  #api;
  #element;
  #id = null;
  #known;
  #settle;
  /** Whether the last token was made up, because the widget could not be loaded. */
  wasUnavailable = false;

  /**
   * @param captcha the captcha that the queue announces: {provider, site_key}
   * @param element where the widget may show a puzzle
   */
  constructor({ provider, site_key: siteKey }, element) {
    this.provider = provider;
    this.siteKey = siteKey;
    this.#api = () => window[provider];
    this.#known = PROVIDERS[provider];
    this.#element = element;
  }

  /** The name that people know. */
  get name() {
    return this.#known.name;
  }

  /** The sentence to show when the edge refuses a token that was made up. */
  get excuse() {
    return `The check by ${this.name} could not be loaded. Something in this browser or network may block it: allow it and try again.`;
  }

  /**
   * A token for one join. If the widget cannot be loaded the token is made up. The edge asks the
   * provider about it, and if the provider is down for the edge, too, the fan joins behind the
   * others.
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
      // There is one widget: its callbacks belong to the join that runs now.
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
