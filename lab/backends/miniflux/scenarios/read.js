// Read: what readers do: list, count, search, and mark an entry.
import { ramping } from '../../../../scenarios/lib/load.js';
import { begin } from '../../../../scenarios/lib/begin.js';
import { baseURL, httpTimeout } from '../../../../scenarios/lib/env.js';
import { odds, write } from '../../../../scenarios/lib/choice.js';
import { send } from '../../../../scenarios/lib/request.js';

export { handleSummary } from '../../../../scenarios/lib/summary.js';

const load = ramping([
  { phase: 'ramp', seconds: 4, vus: 150 },
  { phase: 'hold', seconds: 20, vus: 150 },
]);

export const options = load.options;

export const setup = () => begin();

const readers = ['one', 'two'];
const entries = 2500; // of each
const what = 3; // the question of odds: which of the reads

export default function () {
  load.markPhase();
  const choice = load.choice();
  const reader = choice % readers.length;
  const params = {
    headers: { 'X-Auth-Token': `token-${readers[reader]}`, 'Content-Type': 'application/json' },
    timeout: 1000 * httpTimeout,
  };
  const some = Math.floor(choice / readers.length);
  const read = odds(choice, what);
  if (odds(choice, write) < 0.1) {
    const body = { entry_ids: [1 + reader * entries + (some % entries)], status: some % 2 ? 'read' : 'unread' };
    send('PUT', `${baseURL}/v1/entries`, JSON.stringify(body), params);
  } else if (read < 0.55) {
    const page = `limit=20&offset=${20 * (some % 50)}&order=published_at&direction=desc`;
    send('GET', `${baseURL}/v1/entries?status=unread&${page}`, null, params);
  } else if (read < 0.85) {
    send('GET', `${baseURL}/v1/feeds/counters`, null, params);
  } else {
    send('GET', `${baseURL}/v1/entries?search=topic${some % 50}&limit=10`, null, params);
  }
  load.think();
}
