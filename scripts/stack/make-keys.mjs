// The command line of scripts/make-keys.

import { parseArgs } from 'node:util';
import { edgeKeys } from './keys.mjs';

const USAGE = `Usage: scripts/make-keys [--spin]

Prints the four secrets of an edge, new each time, as lines that a shell can read. With --spin they are named as a
component's variables are. Keep them where only the edge (and for the control key whoever signs for it) can read them.
`;

let spin;
try {
  ({ spin } = parseArgs({ options: { spin: { type: 'boolean', default: false }, help: { type: 'boolean' } } }).values);
} catch {
  process.stderr.write(USAGE);
  process.exit(2);
}
if (process.argv.includes('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
for (const [name, value] of Object.entries(edgeKeys())) {
  process.stdout.write(`export ${spin ? name.replace('STANCHION_', 'SPIN_VARIABLE_') : name}='${value}'\n`);
}
