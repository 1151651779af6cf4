// Storm, open: the study's peak of 1980 requests per second, offered whether the
// backend keeps up or not.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 scenarios/storm-open.js
//
// lib/env.js lists what else can be set.
import { arriving } from './lib/load.js';
import { readFeed } from './lib/feed.js';
import { statements } from './lib/request.js';

export { setup } from './lib/session.js';
export { handleSummary } from './lib/summary.js';

// At this rate 1000 VUs suffice for answers of half a second, 2000 for those of one.
const load = arriving(
  [
    { phase: 'ramp', seconds: 8, rate: 1980 },
    { phase: 'hold', seconds: 40, rate: 1980 },
    { phase: 'down', seconds: 2, rate: 0 },
  ],
  { ready: 1000, most: 2000, statements },
);

export const options = load.options;

export default function (session) {
  load.markPhase();
  readFeed(session, load.choice());
}
