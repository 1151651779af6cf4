// Level: an open load of one rate, 100 requests per second × RATE for 20 s, from its first second on: by such levels
// the lab looks for the rate at which a cell begins to miss the SLO.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 -e RATE=5 scenarios/level.js
//
// lib/env.js lists what else can be set.
import { arriving } from './lib/load.js';
import { readFeed } from './lib/feed.js';
import { statements } from './lib/request.js';

export { setup } from './lib/session.js';
export { handleSummary } from './lib/summary.js';

const load = arriving([{ phase: 'level', seconds: 20, rate: 100 }], {
  begin: 100,
  ready: 200,
  most: 2000,
  statements,
});

export const options = load.options;

export default function (session) {
  load.markPhase();
  readFeed(session, load.choice());
}
