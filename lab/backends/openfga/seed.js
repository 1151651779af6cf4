// Fills OpenFGA with a model of four types, whose rights go over three steps and more, and 10,000 tuples.
import http from 'k6/http';
import { fail } from 'k6';

const base = __ENV.BASE_URL;
const batch = 100; // as many tuples as one request may write

export const options = {
  scenarios: { load: { executor: 'shared-iterations', vus: 1, iterations: 1, maxDuration: '120s' } },
};

function post(path, body) {
  const answer = http.post(base + path, JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });
  if (answer.status !== 200 && answer.status !== 201) {
    fail(`${path}: ${answer.status} ${answer.body}`);
  }
  return answer.json();
}

const self = { this: {} };
const computed = (relation) => ({ computedUserset: { relation } });
const through = (tupleset, relation) => ({
  tupleToUserset: { tupleset: { relation: tupleset }, computedUserset: { relation } },
});
const any = (...child) => ({ union: { child } });
const types = (...all) => ({ directly_related_user_types: all });
const people = types({ type: 'user' }, { type: 'team', relation: 'member' });
const folders = types({ type: 'folder' });

const model = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    { type: 'team', relations: { member: self }, metadata: { relations: { member: people } } },
    {
      type: 'folder',
      relations: { parent: self, owner: self, viewer: any(self, computed('owner'), through('parent', 'viewer')) },
      metadata: { relations: { parent: folders, owner: people, viewer: people } },
    },
    {
      type: 'document',
      relations: { parent: self, editor: self, viewer: any(self, computed('editor'), through('parent', 'viewer')) },
      metadata: { relations: { parent: folders, editor: people, viewer: people } },
    },
  ],
};

// tuples are the same in every data set.
function tuples() {
  const all = [];
  const add = (user, relation, object) => all.push({ user, relation, object });
  for (let i = 0; i < 1000; i++) {
    add(`user:u${i}`, 'member', `team:t${i % 100}`);
  }
  for (let i = 0; i < 100; i++) {
    add(`team:t${i}#member`, 'member', `team:g${i % 10}`);
  }
  for (let i = 0; i < 10; i++) {
    add(`team:g${i}#member`, 'viewer', `folder:root${i}`);
  }
  for (let i = 0; i < 200; i++) {
    add(i < 50 ? `folder:root${i % 10}` : `folder:f${i - 50}`, 'parent', `folder:f${i}`);
  }
  for (let i = 0; i < 4000; i++) {
    add(`folder:f${i % 200}`, 'parent', `document:d${i}`);
  }
  for (let i = 0; all.length < 10000; i++) {
    const who = i % 10 < 7 ? `user:u${(i * 37) % 1000}` : `team:t${(i * 37) % 100}#member`;
    add(who, i < 4000 ? 'editor' : 'viewer', `document:d${i % 4000}`);
  }
  return all;
}

export default function () {
  const store = post('/stores', { name: 'load' }).id;
  const id = post(`/stores/${store}/authorization-models`, model).authorization_model_id;
  const all = tuples();
  for (let i = 0; i < all.length; i += batch) {
    post(`/stores/${store}/write`, { writes: { tuple_keys: all.slice(i, i + batch) }, authorization_model_id: id });
  }
}
