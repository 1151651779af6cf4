// Check: who may see what, and now and then all that somebody may see; one request in ten writes.
import http from 'k6/http';
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

// setup finds the store and the model that the seed has made.
export function setup() {
  const text = { responseType: 'text' };
  const store = http.get(`${baseURL}/stores`, text).json('stores.0.id');
  const model = http.get(`${baseURL}/stores/${store}/authorization-models`, text).json('authorization_models.0.id');
  return begin({ store, model });
}

const params = { headers: { 'Content-Type': 'application/json' }, timeout: 1000 * httpTimeout };
const list = 3; // the question of odds: to list instead of to check

export default function (data) {
  load.markPhase();
  const choice = load.choice();
  const user = `user:u${choice % 1000}`;
  const post = (path, body) =>
    send(
      'POST',
      `${baseURL}/stores/${data.store}${path}`,
      JSON.stringify({ ...body, authorization_model_id: data.model }),
      params,
    );
  if (odds(choice, write) < 0.1) {
    const object = `document:w-${__VU}-${__ITER}-${Date.now()}`;
    post('/write', { writes: { tuple_keys: [{ user, relation: 'editor', object }] } });
  } else if (odds(choice, list) < 0.1) {
    post('/list-objects', { user, relation: 'viewer', type: 'document' });
  } else {
    const object = `document:d${Math.floor(choice / 1000) % 4000}`;
    post('/check', { tuple_key: { user, relation: 'viewer', object } });
  }
  load.think();
}
