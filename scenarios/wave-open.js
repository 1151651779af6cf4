// Wave, open: a smooth rise over a minute and a half to the 1000 requests per second
// that the study's 500 users could send, offered whether the backend keeps up or not.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 scenarios/wave-open.js
//
// lib/env.js lists what else can be set.
import { arriving } from './lib/load.js';
import { readFeed } from './lib/feed.js';
import { statements } from './lib/request.js';

export { setup } from './lib/session.js';
export { handleSummary } from './lib/summary.js';

// The steps of wave.js, each a phase of the results, rate_100 and so on: a user who thinks
// for half a second after an instant answer sends 2 requests per second.
const rise = [50, 100, 150, 200, 250, 300, 350, 400, 450, 500].map((vus) => ({ seconds: 9, rate: 2 * vus }));

const load = arriving([...rise, { phase: 'hold', seconds: 30, rate: 1000 }], { ready: 500, most: 1000, statements });

export const options = load.options;

export default function (session) {
  load.markPhase();
  readFeed(session, load.choice());
}
