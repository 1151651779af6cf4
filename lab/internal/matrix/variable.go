package matrix

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/setting"
)

// Variables of a script that the lab itself sets, as scenarios/lib/env.js reads them: no spec may, but for the two
// factors, which a calibration multiplies.
const (
	VariableBaseURL = "BASE_URL"
	VariableScale   = "SCALE"
	VariableSeed    = "SEED"
	VariableSLO     = "SLO_P99"
	VariableSummary = "SUMMARY_FILE"
	VariableSuccess = "SUCCESS"     // statuses, with commas between
	VariableFailed  = "FAILED_BODY" // text in a body that makes an answer a failure; unset: none does
	VariableUsers   = "USERS"       // factor of the VUs of a closed load
	VariableRate    = "RATE"        // factor of the rates of an open one
	VariablePhase   = "PHASE"       // of the trial: PhaseWarmup, or unset for the load
)

// LevelScenario is the open load of one rate by which the lab looks for what a cell carries. It asks for LevelRate
// requests per second, times VariableRate.
const (
	LevelScenario = "level"
	LevelRate     = 100.0
)

// PhaseWarmup makes a script send a few requests of each kind instead of its load.
const PhaseWarmup = "warmup"

// Settings of a script that the lab knows the meaning of.
const (
	ClientTimeout = ScenarioPrefix + "HTTP_TIMEOUT" // how long the load waits for an answer
	OpenRate      = ScenarioPrefix + "RATE"         // only open loads read it
	ThinkTime     = ScenarioPrefix + "THINK_TIME"   // only closed loads read it
	SlowShare     = ScenarioPrefix + "SLOW_SHARE"   // of the requests that ask for a slow query
	SlowTime      = ScenarioPrefix + "SLOW_TIME"    // how long that takes
	Authors       = ScenarioPrefix + "AUTHORS"      // whose feeds are read
)

// unsaid are values of those that a spec need not give, as scenarios/lib/env.js has them.
var unsaid = Settings{
	ClientTimeout: "10s",
	SlowShare:     "0",
	SlowTime:      "1s",
}

// membersOf are the members of the families whose values the lab can read. The variables of
// Go's runtime are among them because it takes what it cannot read for its default, or ends.
func membersOf(b *backend.Backend) map[string]Type {
	all := map[string]Type{
		ClientTimeout: scriptTime("a duration above 0, such as 10s", func(d time.Duration) bool { return d > 0 }),
		SlowTime:      scriptTime("a duration such as 1s", func(time.Duration) bool { return true }),
		SlowShare: {"a number from 0 to 1", func(s string) (string, bool) {
			v, err := strconv.ParseFloat(s, 64)
			return s, err == nil && v >= 0 && v <= 1
		}},
	}
	if most := b.Load.Authors; most > 0 {
		all[Authors] = Type{
			fmt.Sprintf("a whole number from 1 to %d, which are all that the data set has", most),
			func(s string) (string, bool) {
				n, err := strconv.Atoi(s)
				return strconv.Itoa(n), err == nil && n >= 1 && n <= most
			},
		}
	}
	for name, kind := range runtimeVariables {
		all[AppPrefix+name], all[ScenarioPrefix+name] = kind, kind
	}
	for name, values := range b.Variables {
		if len(values) > 0 {
			all[AppPrefix+name] = choice(values...)
		}
	}
	return all
}

var runtimeVariables = map[string]Type{
	"GOMAXPROCS": {"a whole number from 1", func(s string) (string, bool) { return whole(s, 1) }},
	"GOGC": {"off or a whole number from 0", func(s string) (string, bool) {
		if s == "off" {
			return s, true
		}
		return whole(s, 0)
	}},
	"GOMEMLIMIT": {"off or a size such as 24MiB (B, KiB, MiB, GiB, TiB)", func(s string) (string, bool) {
		_, err := setting.Bytes(s)
		return s, err == nil || s == "off"
	}},
}

var scriptTimeText = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(ms|s|m)$`)

// scriptTime is a duration as scenarios/lib/env.js reads it.
func scriptTime(allowed string, fits func(time.Duration) bool) Type {
	return Type{allowed + " (a number with ms, s or m)", func(s string) (string, bool) {
		d, err := time.ParseDuration(s)
		return s, err == nil && scriptTimeText.MatchString(s) && fits(d)
	}}
}
