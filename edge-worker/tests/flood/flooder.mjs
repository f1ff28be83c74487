// A thread that floods an edge when it is told to, so that whoever measures does not wait for it.

import { parentPort, workerData } from 'node:worker_threads';
import { flood, floodsOf, HEALTH } from './floods.mjs';

const { edge, event, atOnce } = workerData;
const floods = floodsOf(event);

parentPort.on('message', async ({ what, ms }) => {
  parentPort.postMessage(await flood(edge, floods[what] ?? HEALTH, { until: Date.now() + ms, atOnce }));
});
