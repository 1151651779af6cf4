// The end of a run: k6's usual text for people, JSON for the lab.
import { summaryFile } from './env.js';

// handleSummary writes every metric as k6 has aggregated it, and the bounds of
// the load proper in milliseconds. Where it returns nothing, k6 prints its own
// summary. Setup's data is left out: it holds the tokens.
export function handleSummary(data) {
  if (!summaryFile) {
    return undefined;
  }
  const session = data.setup_data || {}; // absent when setup() failed
  return {
    [summaryFile]: JSON.stringify({
      start_ms: session.start,
      duration_ms: data.state.testRunDurationMs - session.setupTime,
      metrics: data.metrics,
    }),
  };
}
