// Package matrix turns a spec into a plan: which settings are tried, with which
// load, in which order. It is pure: no clock, no network, no file system.
package matrix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/route"
)

// Settings maps a setting's name (pool_size, postgres.<guc>, …) to
// the text of its value. A cell's settings are complete: a name that is absent is
// left at the program's own default.
type Settings map[string]string

// Route is the way of the queries with these settings.
func (s Settings) Route() route.Route { return route.Of(s[Topology]) }

// Cell is one combination of settings that is measured.
type Cell struct {
	// Label holds the varying settings in the spec's order: "pool_size=8 timeouts=layered topology=direct".
	Label string `json:"label"`
	// Levels maps each factor to the name of its value. A plan from before they were kept has
	// none; SetLevels adds them.
	Levels   map[string]string `json:"levels,omitempty"`
	Settings Settings          `json:"settings"`
	Baseline bool              `json:"baseline,omitempty"`
	Control  bool              `json:"twin,omitempty"`   // the A/A control: the baseline once more, to see the noise
	Expect   string            `json:"expect,omitempty"` // the cause that is known to limit it
}

// Scenario is a load script and the factor its durations are scaled by.
type Scenario struct {
	Name  string  `json:"name"`  // file scenarios/<Name>.js
	Scale float64 `json:"scale"` // 1 is as in the study
}

// Trial is one run of one scenario on one cell in one block.
type Trial struct {
	N        int      `json:"n"`     // 1-based, the order of execution
	Block    int      `json:"block"` // 1-based
	Cell     string   `json:"cell"`  // Cell.Label
	Scenario Scenario `json:"scenario"`
}

// SLO is the service-level objective that goodput and verdict words refer to.
type SLO struct {
	ErrorRatio float64  `json:"error_ratio"` // highest share of failed requests, 0…1
	P99        Duration `json:"p99"`         // highest 99th percentile of latency
}

// SlowRatio is the highest share of the requests that may be later than P99: that is what a 99th
// percentile bounds.
func (SLO) SlowRatio() float64 { return 0.01 }

// Margin is the least difference of practical importance, δ: two cells within it are
// equivalent, and one is better or worse beyond it only. It is fixed before the run.
type Margin struct {
	Ratio  float64 `json:"ratio"`  // of a ratio: 0.03 reaches from 1/1.03 to 1.03
	Failed float64 `json:"failed"` // of the share of failed requests, a difference: 0.005 is half a point
}

// DefaultMargin holds where a spec says nothing.
var DefaultMargin = Margin{Ratio: 0.03, Failed: 0.005}

// Margins are the plan's margin, each part that it does not fix by default.
func (p Plan) Margins() Margin {
	return Margin{cmp.Or(p.Margin.Ratio, DefaultMargin.Ratio), cmp.Or(p.Margin.Failed, DefaultMargin.Failed)}
}

// Stop lets a run end before its last block, when the intervals are narrow enough.
// It looks at them after pre-set blocks only, and never at a p-value, so that
// looking does not change what they cover.
type Stop struct {
	Min   int     `json:"min"`   // blocks before the first look
	Width float64 `json:"width"` // highest relative half-width of an interval, 0…1
}

// lookEvery is the number of blocks between two looks.
const lookEvery = 2

// IsLook says whether the intervals are looked at after that block.
func (s *Stop) IsLook(block int) bool {
	return s != nil && block >= s.Min && (block-s.Min)%lookEvery == 0
}

// Plan is everything a run will do, in order.
type Plan struct {
	Name string `json:"name"`
	// Backend is the name of the backend under test, or the path of its manifest; empty: the lab's own.
	Backend string `json:"backend,omitempty"`
	Seed    uint64 `json:"seed"`
	Blocks  int    `json:"blocks"` // at most, extra ones aside
	// BlocksOf maps a scenario, as its String writes it, to its own number of blocks,
	// the largest of which is Blocks. Nil: every scenario has all blocks.
	BlocksOf map[string]int `json:"blocks_of,omitempty"`
	Stop     *Stop          `json:"stop,omitempty"` // fewer blocks, if they are enough
	// Budget is how many trials a race over the cells has, which takes the place of the blocks: each of its
	// blocks has those cells that may still be the best. 0: every cell is run in every block.
	Budget    int        `json:"budget,omitempty"`
	Extra     int        `json:"extra,omitempty"` // whole blocks more, to replace such with trials that are not valid
	Factors   []string   `json:"factors"`         // names of the varying settings, in label order
	Scenarios []Scenario `json:"scenarios"`
	Cells     []Cell     `json:"cells"`
	Trials    []Trial    `json:"shots"` // of Blocks blocks; of a race, those of its first
	SLO       SLO        `json:"slo"`
	Margin    Margin     `json:"margin,omitzero"` // Margins tells it of plans from before it was kept
	CPUs      CPUs       `json:"cpus,omitempty"`  // service → cpu list; empty: not pinned

	// Calibrate maps a scenario, as its String writes it, to how high its load is to rise on this machine: a multiple of
	// the rate at which the baseline first misses the SLO. Nil: loads are as their scripts say.
	Calibrate   map[string]float64 `json:"calibrate,omitempty"`
	Calibration *Calibration       `json:"calibration,omitempty"` // nil: not found yet

	AllowTargets []string `json:"allow_targets,omitempty"` // of older plans, where it had no effect
}

// blocksOf returns the number of blocks of a scenario, extra ones aside.
func (p Plan) blocksOf(s Scenario) int {
	if n, ok := p.BlocksOf[s.String()]; ok {
		return n
	}
	return p.Blocks
}

// Size is how many trials a run of the plan has, extra ones aside; of a race, at most.
func (p Plan) Size() int {
	if p.Budget > 0 {
		return p.Budget
	}
	return len(p.Trials)
}

// Repeats says how often each cell is run: "6 × storm", "(6 × storm + 3 × wave)".
func (p Plan) Repeats() string {
	parts := make([]string, len(p.Scenarios))
	for i, s := range p.Scenarios {
		parts[i] = fmt.Sprintf("%d × %s", p.blocksOf(s), s)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " + ") + ")"
}

// Control returns the index of the A/A control among the cells, -1 if the plan has none.
func (p Plan) Control() int { return slices.IndexFunc(p.Cells, func(c Cell) bool { return c.Control }) }

// Baseline returns the cell that the others are compared with.
func (p Plan) Baseline() Cell {
	for _, c := range p.Cells {
		if c.Baseline {
			return c
		}
	}
	return Cell{}
}

// Compared returns the indexes of the cells that a run is made to compare with the baseline: all
// but the baseline itself and its A/A control.
func (p Plan) Compared() []int {
	var cells []int
	for i, c := range p.Cells {
		if !c.Baseline && !c.Control {
			cells = append(cells, i)
		}
	}
	return cells
}

// Cell returns the cell of a label; the zero Cell if the plan has none.
func (p Plan) Cell(label string) Cell {
	for _, c := range p.Cells {
		if c.Label == label {
			return c
		}
	}
	return Cell{}
}
