// The shape of a load: how many VUs, or requests per second, there are at which
// time, and k6's options for it.
import exec from 'k6/execution';
import http from 'k6/http';
import { sleep } from 'k6';
import { httpTimeout, rate, scale, summaryFile, thinkTime, users } from './env.js';
import { pick } from './choice.js';
import { expected } from './request.js';

// name of the one k6 scenario in every script: its tag tells the load from setup().
const name = 'load';

// statuses are counted apart; 0 means that no answer came. The lab refuses a
// summary in which a request has none of these.
const statuses = [0, 200, 201, 400, 401, 403, 404, 408, 413, 429, 499, 500, 502, 503, 504];

http.setResponseCallback(http.expectedStatuses(...expected));

// ramping returns the closed-model load in which each stage leads linearly to its
// number of VUs, and is a phase of the results, named by that number if it has no name.
// A VU sends its next request when it has the answer and has thought: a slow backend is
// sent fewer. think is the usual pause, requests the most that one iteration sends.
export function ramping(plan, { think = '500ms', requests = 1 } = {}) {
  const stages = plan.map((s) => {
    const vus = s.vus && Math.max(1, Math.round(users * s.vus));
    return { ...s, vus, phase: s.phase || `vus_${vus}` };
  });
  const pause = thinkTime(think);
  const patience = atMost(requests * httpTimeout + pause);
  return {
    ...shaped(stages, {
      executor: 'ramping-vus',
      startVUs: 0,
      stages: stages.map((s) => ({ duration: lasting(s), target: s.vus })),
      gracefulRampDown: patience,
      gracefulStop: patience,
    }),
    choice: () => pick(__VU, __ITER),
    think: () => sleep(pause),
  };
}

// arriving returns the open-model load in which each stage leads linearly to its
// number of iterations per second, and is a phase of the results. They begin when it
// is their time, however slow the backend is; one for which there is no VU is
// dropped, and counted. k6 makes the VUs from ready to most only when it lacks them.
export function arriving(stages, { ready, most }) {
  return {
    ...shaped(stages, {
      executor: 'ramping-arrival-rate',
      startRate: 0,
      timeUnit: '1s',
      stages: stages.map((s) => ({ duration: lasting(s), target: Math.round(rate * s.rate) })),
      preAllocatedVUs: ready,
      maxVUs: most,
      gracefulStop: atMost(httpTimeout),
    }),
    // Which VU is free is chance; which iteration is next is not.
    choice: () => pick(0, exec.scenario.iterationInTest),
  };
}

function lasting(stage) {
  return `${Math.round(1000 * scale * stage.seconds)}ms`;
}

// atMost is a time within which an iteration of so many seconds is never cut off.
function atMost(seconds) {
  return `${Math.ceil(seconds + 1)}s`;
}

// shaped returns what both models share.
function shaped(stages, scenario) {
  const phases = [];
  let end = 0;
  for (const stage of stages) {
    end += 1000 * scale * stage.seconds;
    phases.push({ name: stage.phase, end: end });
  }
  return {
    options: {
      scenarios: { [name]: scenario },
      // Every VU evaluates this script, but k6 asks only the first for options.
      thresholds: summaryFile && __VU === 0 ? submetrics(phases) : {},
      summaryTrendStats: ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max', 'count'],
      // Without method, URL and name: nothing reads them, and each tag costs.
      systemTags: ['scenario', 'status', 'expected_response', 'error_code'],
      discardResponseBodies: true,
      setupTimeout: '30s',
    },
    markPhase: phaseMarker(phases),
  };
}

// phaseMarker returns a function that tags the VU's samples with the phase in
// which its iteration begins. Tags are set only when the phase changes.
function phaseMarker(phases) {
  let start = 0;
  let current = -1;
  return () => {
    const now = Date.now();
    start = start || exec.scenario.startTime;
    let phase = Math.max(current, 0);
    while (phase < phases.length - 1 && now - start >= phases[phase].end) {
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
  }
  for (const status of statuses) {
    keep('http_reqs', load, `status:${status}`);
  }
  return parts;
}
