package matrix

// Stage is what is being done with a trial. The runner tells it, the live page and the events of
// a run show it.
type Stage string

// The stages, in their order.
const (
	StageApply Stage = "apply"
	StageWarm  Stage = "warm up"
	StageLoad  Stage = "shoot" // the word of the events of --json, which stays
	StageRead  Stage = "read"
)

// Doing is the stage in a sentence for people.
func (s Stage) Doing() string {
	switch s {
	case StageApply:
		return "applying the settings"
	case StageWarm:
		return "warming up"
	case StageLoad:
		return "under load"
	case StageRead:
		return "reading what was measured"
	}
	return "beginning"
}
