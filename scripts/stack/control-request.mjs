// The command line of scripts/control.

import { readFileSync } from 'node:fs';
import { askEdge } from './signed.mjs';

const USAGE = `Usage: scripts/control GET|PUT PATH [FILE]

Asks the edge's control API: PATH is what follows /api/v1/control, for example /events/my-show; FILE holds the JSON of a
PUT ('-' is standard input). STANCHION_EDGE_URL says where the edge is (with /.stanchion where it is in front of a site of
your own), STANCHION_CONTROL_KEY is the key of both. Each PUT of an event needs a larger "version" than the last: without
one in FILE it is the clock's milliseconds.
`;

const [method, path, file] = process.argv.slice(2);
const { STANCHION_EDGE_URL: edge, STANCHION_CONTROL_KEY: key } = process.env;
if (!['GET', 'PUT'].includes(method) || !path?.startsWith('/') || (method === 'PUT') !== (file !== undefined)) {
  process.stderr.write(USAGE);
  process.exit(2);
}
if (!edge || !key) {
  process.stderr.write('control: STANCHION_EDGE_URL and STANCHION_CONTROL_KEY must be set.\n');
  process.exit(2);
}
const read = () => JSON.stringify({ version: Date.now(), ...JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')) });
const { status, told } = await askEdge({ edge, key, method, path, body: method === 'PUT' ? read() : undefined });
process.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
process.exitCode = status < 300 ? 0 : 1;
