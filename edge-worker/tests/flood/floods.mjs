// What strangers ask for in a flood: what does not exist, what is empty, what is long, and with what is no token. Each kind
// makes the request number n; `status` is the answer, or null where it depends on the number.

export const floodsOf = (event) => ({
  'events that do not exist': (number) => ({ path: `/api/v1/events/invented-${number}/${['queue', 'schedule', 'draws/0'][number % 3]}`, status: 404 }),
  'windows in which nobody joined': (number) => ({ path: `/api/v1/events/${event}/draws/${2 + number % 2}`, status: 404 }),
  'whole schedules': (number) => ({ path: `/api/v1/events/${event}/schedule${['', '/0', `/${number}`][number % 3]}`, status: null }),
  'what is no token': (number) => number % 2 === 0
    ? { path: `/api/v1/queue/status?token=nonsense-${number}`, status: 401 }
    : { path: '/api/v1/cart', headers: { 'shop-token': `e30.e30.${number}` }, status: 401 },
});

/** What costs an edge least. */
export const HEALTH = () => ({ path: '/healthz', status: 200 });

/** Asks as fast as one thread can until then, with so many requests on their way. @returns {Promise<number>} how many */
export async function flood(edge, question, { until, atOnce }) {
  let requests = 0;
  const ask = async () => {
    while (Date.now() < until) {
      const { path, headers = {}, status } = question(requests++);
      const answer = await fetch(edge.url + path, { headers });
      await answer.arrayBuffer();
      if (status === null ? answer.status >= 500 : answer.status !== status) throw new Error(`${path}: ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return requests;
}
