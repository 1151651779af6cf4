// Storm: a sharp rise to 1000 virtual users, as in the study.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 scenarios/storm.js
//
// lib/env.js lists what else can be set.
import { ramping } from './lib/load.js';
import { readFeed } from './lib/feed.js';
import { statements } from './lib/request.js';

export { setup } from './lib/session.js';
export { handleSummary } from './lib/summary.js';

const load = ramping(
  [
    { phase: 'ramp', seconds: 8, vus: 1000 },
    { phase: 'hold', seconds: 40, vus: 1000 },
    { phase: 'down', seconds: 2, vus: 0 },
  ],
  { statements },
);

export const options = load.options;

export default function (session) {
  load.markPhase();
  readFeed(session, load.choice());
  load.think();
}
