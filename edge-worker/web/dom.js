// How views change the document.

/** The element with this id; a missing one is a mistake in the HTML and must not pass unnoticed. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`There is no element #${id}.`);
  return found;
}

/** Makes an element: `make('a', {href: '/'}, 'All events')`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Shows a sentence, or hides its element when there is none. */
export function say(element, sentence) {
  if (element.textContent !== (sentence ?? '')) element.textContent = sentence ?? '';
  element.hidden = !sentence;
}

/** Writes only what changed, so that nothing is repainted or read aloud again. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Tells users of screen readers what others see happen. */
export function announce(sentence) {
  write(byId('announcer'), sentence);
}

const viewTitles = { account: 'account', join: 'queue', queue: 'queue', shop: 'seats', tickets: 'tickets' };

/** Shows one view and moves the keyboard there, unless it is shown already. */
export function showView(name) {
  const views = [...document.querySelectorAll('[data-view]')];
  const shown = views.find((view) => !view.hidden);
  if (shown?.dataset.view === name) return;
  for (const view of views) view.hidden = view.dataset.view !== name;
  showStep(viewTitles[name] ?? null);
  // At the first view after loading the focus stays at the top of the page.
  if (shown && shown.dataset.view !== 'loading') byId(`${name}-title`).focus();
}

export function viewShown() {
  return document.querySelector('[data-view]:not([hidden])')?.dataset.view;
}

/** Marks where in the five steps the fan is. */
export function showStep(step) {
  const steps = byId('steps');
  steps.hidden = step === null;
  let before = step !== null;
  for (const item of steps.children) {
    const current = item.dataset.step === step;
    if (current) {
      item.setAttribute('aria-current', 'step');
      before = false;
    } else {
      item.removeAttribute('aria-current');
    }
    item.classList.toggle('done', before);
  }
}
