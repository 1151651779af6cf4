package matrix

// Variables of a script that the lab itself sets, as scenarios/lib/env.js reads them: no spec
// may.
const (
	VariableBaseURL = "BASE_URL"
	VariableScale   = "SCALE"
	VariableSeed    = "SEED"
	VariableSLO     = "SLO_P99"
	VariableSummary = "SUMMARY_FILE"
	VariablePhase   = "PHASE" // of the trial: PhaseWarmup, or unset for the load
)

// PhaseWarmup makes a script send a few requests of each kind instead of its load.
const PhaseWarmup = "warmup"

// Settings of a script that the lab knows the meaning of.
const (
	ClientTimeout = ScenarioPrefix + "HTTP_TIMEOUT" // how long the load waits for an answer
	OpenRate      = ScenarioPrefix + "RATE"         // only open loads read it
	ThinkTime     = ScenarioPrefix + "THINK_TIME"   // only closed loads read it
)
