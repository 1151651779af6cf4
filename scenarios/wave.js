// Wave: a smooth rise to 500 virtual users over a minute and a half, as in the study.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 scenarios/wave.js
//
// lib/env.js lists what else can be set.
import { ramping } from './lib/load.js';
import { readFeed } from './lib/feed.js';
import { statements } from './lib/request.js';

export { setup } from './lib/session.js';
export { handleSummary } from './lib/summary.js';

// The rise in steps of 50 VUs, each a phase of the results, vus_50 and so on.
const rise = [50, 100, 150, 200, 250, 300, 350, 400, 450, 500].map((vus) => ({ seconds: 9, vus }));

const load = ramping([...rise, { phase: 'hold', seconds: 30, vus: 500 }], { statements });

export const options = load.options;

export default function (session) {
  load.markPhase();
  readFeed(session, load.choice());
  load.think();
}
