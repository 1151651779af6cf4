// The shape of a load: how many VUs, or requests per second, there are at which
// time, and k6's options for it.
import exec from 'k6/execution';
import http from 'k6/http';
import { sleep } from 'k6';
import { failedBody, httpTimeout, rate, scale, summaryFile, thinkTime, users, warmup } from './env.js';
import { pick } from './choice.js';
import { expected } from './request.js';
import { patience } from './session.js';

// name of the one k6 scenario in every script: its tag tells the load from setup().
const name = 'load';

// statuses are counted apart; 0 means that no answer came. The lab refuses a
// summary in which a request has none of these.
const statuses = [0, 200, 201, 204, 400, 401, 403, 404, 408, 409, 413, 422, 429, 499, 500, 502, 503, 504];

http.setResponseCallback(http.expectedStatuses(...expected));

// warming is the warm-up, whatever the load is: so few VUs, and so many iterations without a
// pause, that connections are open, plans made and pages read; not much longer on a system
// that is short of everything.
const warming = { executor: 'shared-iterations', vus: 4, iterations: 200, maxDuration: '5s', gracefulStop: '0s' };

// ramping returns the closed-model load in which each stage leads linearly to its
// number of VUs, and is a phase of the results, named by that number if it has no name.
// A VU sends its next request when it has the answer and has thought: a slow backend is
// sent fewer. think is the usual pause, requests the most that one iteration sends;
// statements are what a request takes of the databases, see lib/request.js.
export function ramping(plan, { think = '500ms', requests = 1, statements } = {}) {
  const stages = plan.map((s) => ({ ...s, to: s.vus && Math.max(1, Math.round(users * s.vus)) }));
  const pause = warmup ? 0 : thinkTime(think);
  const patience = atMost(requests * httpTimeout + pause);
  const scenario = {
    executor: 'ramping-vus',
    startVUs: 0,
    stages: stages.map((s) => ({ duration: `${milliseconds(s)}ms`, target: s.to })),
    gracefulRampDown: patience,
    gracefulStop: patience,
  };
  return {
    ...shaped(scenario, { model: 'closed', phases: phased(stages, 'vus', 'VUs'), statements, pause: thinkTime(think) }),
    choice: () => pick(__VU, __ITER),
    think: () => sleep(pause),
  };
}

// arriving returns the open-model load in which each stage leads linearly to its
// number of iterations per second, each of one request, and is a phase of the results,
// named by that number if it has no name. They begin when it is their time, however slow
// the backend is; one for which there is no VU is dropped, and counted. k6 makes the VUs
// from ready to most only when it lacks them. It begins with a rate of begin.
export function arriving(plan, { ready, most, statements, begin = 0 }) {
  const startRate = Math.round(rate * begin);
  const stages = plan.map((s) => ({ ...s, to: Math.round(rate * s.rate) }));
  const scenario = {
    executor: 'ramping-arrival-rate',
    startRate,
    timeUnit: '1s',
    stages: stages.map((s) => ({ duration: `${milliseconds(s)}ms`, target: s.to })),
    preAllocatedVUs: ready,
    maxVUs: most,
    gracefulStop: atMost(httpTimeout),
  };
  return {
    ...shaped(scenario, { model: 'open', phases: phased(stages, 'rate', 'req/s', startRate), statements }),
    // Which VU is free is chance; which iteration is next is not.
    choice: () => pick(0, exec.scenario.iterationInTest),
  };
}

function milliseconds(stage) {
  return Math.round(1000 * scale * stage.seconds);
}

// phased makes a phase of each stage: its name, how many seconds it lasts, and from
// where to where it leads the load.
function phased(stages, prefix, unit, begin = 0) {
  const phases = [];
  let from = begin;
  for (const stage of stages) {
    let name = stage.phase || `${prefix}_${stage.to}`;
    if (phases.some((p) => p.name === name)) {
      name += `_${phases.length + 1}`; // two phases of one name would be counted as one
    }
    phases.push({ name, seconds: milliseconds(stage) / 1000, from, to: stage.to, unit });
    from = stage.to;
  }
  return phases;
}

// atMost is a time within which an iteration of so many seconds is never cut off.
function atMost(seconds) {
  return `${Math.ceil(seconds + 1)}s`;
}

// shaped returns what both models share. The declaration is what the lab knows of a
// script: it asks k6 for the options, and k6 passes on what stands under ext. The warm-up
// has no phases.
function shaped(scenario, declaration) {
  const phases = warmup ? [] : declaration.phases;
  return {
    options: {
      scenarios: { [name]: warmup ? warming : scenario },
      ext: { lab: { ...declaration, warmup: true } },
      // Every VU evaluates this script, but k6 asks only the first for options.
      thresholds: summaryFile && __VU === 0 ? submetrics(phases) : {},
      summaryTrendStats: ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max', 'count'],
      // Without method, URL and name: nothing reads them, and each tag costs.
      systemTags: ['scenario', 'status', 'expected_response', 'error_code'],
      discardResponseBodies: true,
      setupTimeout: `${8 * patience}s`, // for several requests that take that long each
    },
    markPhase: warmup ? () => {} : phaseMarker(phases),
  };
}

// phaseMarker returns a function that tags the VU's samples with the phase in
// which its iteration begins. Tags are set only when the phase changes.
function phaseMarker(phases) {
  let end = 0;
  const ends = phases.map((p) => (end += 1000 * p.seconds));
  let start = 0;
  let current = -1;
  return () => {
    const now = Date.now();
    start = start || exec.scenario.startTime;
    let phase = Math.max(current, 0);
    while (phase < phases.length - 1 && now - start >= ends[phase]) {
      phase++;
    }
    if (phase !== current) {
      current = phase;
      exec.vu.metrics.tags.phase = phases[phase].name;
    }
  };
}

// submetrics makes k6 keep the parts of its metrics that the lab reads: it does
// so for any part that a threshold names, even one without conditions.
function submetrics(phases) {
  const parts = {};
  const keep = (metric, ...tags) => {
    parts[`${metric}{${tags.join(',')}}`] = [];
  };
  const load = `scenario:${name}`;
  for (const tags of [[load], ...phases.map((p) => [load, `phase:${p.name}`])]) {
    keep('http_reqs', ...tags);
    keep('http_req_failed', ...tags);
    keep('request_wait', ...tags);
    keep('request_wait_ok', ...tags);
    keep('failed_requests', ...tags);
    keep('slow_requests', ...tags);
    if (failedBody) {
      keep('failed_answers', ...tags);
    }
  }
  for (const status of statuses) {
    keep('http_reqs', load, `status:${status}`);
  }
  keep('http_reqs', 'status:0'); // of setup() too: these need not have reached the backend
  return parts;
}
