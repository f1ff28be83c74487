// Shows the Python checker, from the very file that the tests run.

import { send } from './api.js';
import { byId, write } from './dom.js';

const PROGRAM = '/assets/check_draw.py';

try {
  write(byId('check-draw-py'), await (await send('GET', PROGRAM)).text());
} catch (error) {
  write(byId('check-draw-py'), error.message);
}
