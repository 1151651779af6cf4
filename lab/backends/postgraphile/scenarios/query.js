// Query: the posts of an author, one post, and now and then a like.
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

const posts = 50000;
const authors = 1000;
const params = { headers: { 'Content-Type': 'application/json' }, timeout: 1000 * httpTimeout };
const ofAuthor = `query ($author: Int!) {
  allPosts(condition: {authorId: $author}, first: 20, orderBy: ID_DESC) { nodes { id title likes } totalCount }
}`;
const one = 'query ($id: Int!) { postById(id: $id) { id title body userByAuthorId { username } } }';
const like = `mutation ($id: Int!, $likes: Int!) {
  updatePostById(input: {id: $id, postPatch: {likes: $likes}}) { post { id likes } }
}`;
const what = 3; // the question of odds: which of the queries

export default function () {
  load.markPhase();
  const choice = load.choice();
  const ask = (query, variables) => send('POST', `${baseURL}/graphql`, JSON.stringify({ query, variables }), params);
  if (odds(choice, write) < 0.1) {
    ask(like, { id: 1 + (choice % posts), likes: choice % 100 });
  } else if (odds(choice, what) < 0.5) {
    ask(ofAuthor, { author: 1 + (choice % authors) });
  } else {
    ask(one, { id: 1 + (choice % posts) });
  }
  load.think();
}
