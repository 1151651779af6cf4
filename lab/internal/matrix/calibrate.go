package matrix

import (
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/search/calibrate"
)

// studyHeights are how high the study's loads rose, as multiples of its baseline's knee, and what offers the same in
// an open model.
var studyHeights = map[string]float64{
	"storm":      calibrate.Storm,
	"storm-open": calibrate.Storm,
	"wave":       calibrate.Wave,
	"wave-open":  calibrate.Wave,
}

// MaxHeight is the most, as a multiple of the knee, that a load can be made to rise to.
const MaxHeight = 100

// Calibration is what a run found before its first block.
type Calibration struct {
	Knee  float64           `json:"knee_rps,omitempty"` // rate at which the baseline first misses the SLO
	Loads map[string]Scaled `json:"loads,omitempty"`    // by scenario; none: they are as their scripts say
	Why   string            `json:"why,omitempty"`      // there are none
	Steps []calibrate.Step  `json:"steps"`              // that the knee was found by, in the order in which they ran
}

// Scaled is a load whose users, or rates, are Factor times those of its script.
type Scaled struct {
	Factor float64 `json:"factor"`
	Top    float64 `json:"script_rps"` // that the script asks for at most, by itself
}

// LoadFactor is by what the users or the rates of a scenario are multiplied; 1 where the plan does not calibrate it,
// or not yet.
func (p Plan) LoadFactor(s Scenario) float64 {
	if p.Calibration == nil || p.Calibration.Loads[s.String()].Factor == 0 {
		return 1
	}
	return p.Calibration.Loads[s.String()].Factor
}

// Scale says how a scenario's load was made as hard as the study's; empty where the plan does not ask for that.
func (p Plan) Scale(s Scenario) string {
	height, asked := p.Calibrate[s.String()]
	if !asked {
		return ""
	}
	switch c := p.Calibration; {
	case c == nil:
		return fmt.Sprintf("to rise to %g × the baseline's knee, which is found before the first block", height)
	case len(c.Loads) == 0:
		return "not calibrated: " + c.Why
	default:
		load := c.Loads[s.String()]
		return fmt.Sprintf("load × %g: %.0f requests per second at most in place of the script's %.0f, "+
			"%g × the baseline's knee of %.0f", load.Factor, load.Factor*load.Top, load.Top, height, c.Knee)
	}
}

// calibrate reads whether loads are scaled to this machine: true, false, or a map of scenarios to multiples of the
// knee. The others are as their scripts say.
func (p *parser) calibrate(n *yaml.Node) {
	if n.Value != "false" && !slices.Contains(p.there.Scenarios, LevelScenario) {
		p.diagnose(n, "calibrate takes a scenario %s.js beside the others, of one rate: %g requests per second × %s",
			LevelScenario, LevelRate, VariableRate)
	}
	heights := make(map[string]float64)
	if n.Kind != yaml.MappingNode {
		text, ok := p.scalar(n, "calibrate")
		switch {
		case !ok || text == "false":
			return
		case text != "true":
			p.diagnose(n, "calibrate must be true, false or a map of scenarios to multiples of the knee, not %s", quote(text))
			return
		}
		for _, s := range p.spec.Scenarios {
			height, known := studyHeights[s.Name]
			if !known {
				p.diagnose(n, "the study had no %s: say how high it is to rise, as in calibrate: {%s: 2}", s.Name, s)
			}
			heights[s.String()] = height
		}
		p.spec.Calibrate = heights
		return
	}
	names := p.spec.scenarioNames()
	for _, f := range p.mapping(n, "calibrate") {
		name, ok := p.scenarioKey(f.key, "calibrate", names)
		text, is := p.scalar(f.value, "calibrate "+name)
		if !ok || !is {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil || !(v > 0 && v <= MaxHeight): // written so that NaN fails too
			p.diagnose(f.value, "calibrate %s must be a multiple of the knee above 0 and at most %d, not %s", name, MaxHeight,
				quote(text))
		case heights[name] != 0:
			p.diagnose(f.key, "duplicate scenario %s in calibrate", name)
		}
		heights[name] = v
	}
	if len(n.Content) == 0 {
		p.diagnose(n, "calibrate is an empty map")
	}
	p.spec.Calibrate = heights
}

// calibration checks what a plan was read to hold.
func (v *validation) calibration(p Plan) {
	names := make(map[string]bool)
	for _, s := range p.Scenarios {
		names[s.String()] = true
	}
	for name, height := range p.Calibrate {
		v.want(names[name] && height > 0 && height <= MaxHeight, "calibrate says %g of %s", height, quote(name))
	}
	if p.Calibration == nil {
		return
	}
	v.want(len(p.Calibrate) > 0, "it is calibrated, and did not ask for that")
	for name, load := range p.Calibration.Loads {
		possible := p.Calibrate[name] > 0 && load.Factor > 0 && load.Factor <= maxFactor
		v.want(possible, "the load of %s is %+v", quote(name), load)
	}
}

// maxFactor is more than any machine is quicker than the study's.
const maxFactor = 10_000
