// hCaptcha and Turnstile, which no test can reach: a script with the documented functions of their widgets stands in for
// both, and a server for their siteverify.

import { createServer } from 'node:http';

export const SITE_KEYS = { hcaptcha: '10000000-ffff-ffff-ffff-000000000001', turnstile: '1x00000000000000000000AA' };
const SCRIPTS = { hcaptcha: /^https:\/\/js\.hcaptcha\.com\/1\/api\.js/, turnstile: /^https:\/\/challenges\.cloudflare\.com\/turnstile\/v0\/api\.js/ };

/** Where the stack says that the providers are: knows the tokens of the widgets below. */
export async function siteverifyOfAll() {
  const state = { asked: [], down: false };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const form = new URLSearchParams(body);
    state.asked.push(request.url);
    const good = form.get('response').startsWith('solved-');
    response.statusCode = state.down ? 500 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(good ? { success: true } : { success: false, 'error-codes': ['invalid-input-response'] }));
  });
  await new Promise((resolve) => server.listen(new URL(process.env.STANCHION_HCAPTCHA_URL).port, '127.0.0.1', resolve));
  server.unref(); // a test that fails must end
  return Object.assign(state, { close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) });
}

/** Both providers' functions, with buttons for what a person does to a puzzle. */
function widget(name, onload) {
  return `{
    let options;
    let element;
    const button = (text, act) => {
      const made = document.createElement('button');
      made.type = 'button';
      made.textContent = text;
      made.onclick = () => { element.replaceChildren(); act(); };
      element.append(made);
    };
    window[${JSON.stringify(name)}] = {
      render(where, given) {
        if (element) throw new Error('rendered twice');
        [element, options] = [where, given];
        element.dataset.siteKey = given.sitekey;
        return 'widget-1';
      },
      execute(id) {
        if (id !== 'widget-1') throw new Error('another widget');
        button('I am a person', () => options.callback('solved-' + crypto.randomUUID()));
        button('Close the puzzle', () => options['close-callback']?.());
      },
      reset: () => element.replaceChildren(),
    };
    window[${JSON.stringify(onload)}]();
  }`;
}

/** The provider's script comes to this page. */
export const serveWidget = (page, name) => page.route(SCRIPTS[name], (route) => route.fulfill({
  contentType: 'text/javascript', body: widget(name, new URL(route.request().url()).searchParams.get('onload')),
}));

/** Something in the browser keeps it away. */
export const blockWidget = (page, name) => page.route(SCRIPTS[name], (route) => route.abort());
