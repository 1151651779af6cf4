package matrix

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"stormwave/lab/internal/search/race"
)

// scenarioText is what a script's name may be: never a path.
var scenarioText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Validate reports what keeps a plan that was read from a file from being one. It
// knows nothing of today's settings: runs from before one was named differently are
// still to be read. Runnable does.
func (p Plan) Validate() error {
	v := &validation{}
	v.want(nameText.MatchString(p.Name), "name is %s", quote(p.Name))
	v.want(p.Blocks >= 1 && p.Blocks <= MaxTrials, "blocks is %d", p.Blocks)
	least := race.Least(len(p.Compared())+1, len(p.Scenarios))
	v.want(p.Budget == 0 || p.Budget >= least && p.Budget <= MaxTrials, "budget is %d", p.Budget)
	v.want(p.Extra >= 0 && p.Extra <= MaxTrials, "extra is %d", p.Extra)
	v.want(p.SLO.ErrorRatio >= 0 && p.SLO.ErrorRatio <= 1, "error_ratio of the slo is %v", p.SLO.ErrorRatio)
	v.want(p.SLO.P99 > 0, "p99 of the slo is %v", p.SLO.P99)
	m := p.Margins()
	v.want(m.Ratio > 0 && m.Ratio < 1 && m.Failed > 0 && m.Failed < 1, "margin is %+v", p.Margin)
	if s := p.Stop; s != nil {
		v.want(s.Min >= 1 && s.Min <= p.Blocks && s.Width > 0 && s.Width < 1, "stop is %+v", *s)
	}
	v.want(len(p.Factors) >= 1 && len(p.Factors) <= MaxFactors, "it has %d factors", len(p.Factors))
	v.scenarios(p)
	v.cells(p)
	v.calibration(p)
	if err := v.err(); err != nil {
		return err // trials refer to what is wrong already
	}
	v.trials(p)
	return v.err()
}

// Runnable reports what keeps a plan that was read from a file from being carried out,
// before anything is started for it: a file can be changed, and a spec may not set
// everything that a plan has room for.
func (p Plan) Runnable(there Inventory) error {
	v := &validation{}
	exist := there.Scenarios
	for _, s := range p.Scenarios {
		v.want(slices.Contains(exist, s.Name), "unknown scenario %s: %s", quote(s.Name), suggest(s.Name, exist))
	}
	for _, c := range p.Cells {
		for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
			setting, err := there.Services.Lookup(name)
			if err != nil {
				v.want(false, "cell %s: %s %w", quote(c.Label), quote(name), err)
				continue
			}
			canonical, err := setting.Canonical(c.Settings[name])
			v.want(
				err == nil && canonical == c.Settings[name], "cell %s: %s is %s", quote(c.Label), name, quote(c.Settings[name]),
			)
		}
		known := c.Expect == "" || slices.Contains(there.Causes, c.Expect)
		v.want(known, "cell %s expects %s", quote(c.Label), quote(c.Expect))
	}
	for service, list := range p.CPUs {
		err := checkCPUList(list, there.CPUs)
		known := slices.Contains(there.Services.pinned(), service)
		v.want(known && err == nil, "cpus of %s are %s", quote(service), quote(list))
	}
	return v.err()
}

// Renew gives the settings of a plan from before they were called otherwise their names of today.
func (p *Plan) Renew() {
	if i := slices.Index(p.Factors, formerCommit); i >= 0 {
		p.Factors[i] = Commit
	}
	for _, c := range p.Cells {
		if value, ok := c.Settings[formerCommit]; ok {
			c.Settings[Commit] = value
			delete(c.Settings, formerCommit)
		}
	}
}

// validation gathers errors, no more than anybody would read.
type validation struct{ errs []error }

func (v *validation) want(ok bool, format string, args ...any) {
	if !ok && len(v.errs) < MaxDiagnostics {
		v.errs = append(v.errs, fmt.Errorf(format, args...))
	}
}

func (v *validation) err() error { return errors.Join(v.errs...) }

func (v *validation) scenarios(p Plan) {
	v.want(len(p.Scenarios) >= 1, "it has no scenarios")
	seen := map[string]bool{}
	for _, s := range p.Scenarios {
		v.want(
			scenarioText.MatchString(s.Name) && s.Scale > 0 && s.Scale <= MaxScale && !seen[s.String()],
			"scenario %s is none, or is there twice", quote(s.String()),
		)
		seen[s.String()] = true
	}
	for name, n := range p.BlocksOf {
		v.want(seen[name] && n >= 1 && n <= p.Blocks, "blocks_of says %d of %s", n, quote(name))
	}
}

func (v *validation) cells(p Plan) {
	// The A/A control comes on top of what a spec may give.
	cells := p.Cells
	v.want(len(cells) >= 1 && len(cells) <= MaxCells+1, "it has %d cells", len(cells))
	labels, baselines, settings := map[string]bool{}, 0, 0
	for _, c := range cells {
		v.want(
			c.Label != "" && !strings.ContainsFunc(c.Label, unprintable) && !labels[c.Label],
			"label %s is none, or is there twice", quote(c.Label),
		)
		labels[c.Label] = true
		old := c.Levels == nil && cells[0].Levels == nil
		v.want(old || c.levelled(p.Factors), "the levels of cell %s are not those of the factors", quote(c.Label))
		word := c.Expect == "" || bundleText.MatchString(c.Expect)
		v.want(word, "cell %s expects %s", quote(c.Label), quote(c.Expect))
		if c.Baseline {
			baselines++
		}
		settings += len(c.Settings)
	}
	v.want(baselines == 1, "%d cells are the baseline", baselines)
	v.want(settings <= 2*MaxAll, "its cells have %d settings", settings)
}

func (v *validation) trials(p Plan) {
	v.want(len(p.Trials) >= 1 && len(p.Trials) <= MaxTrials, "it has %d trials", len(p.Trials))
	cells := map[string]bool{}
	for _, c := range p.Cells {
		cells[c.Label] = true
	}
	for i, s := range p.Trials {
		v.want(s.N == i+1, "trial %d has the number %d", i+1, s.N)
		v.want(s.Block >= 1 && s.Block <= p.Blocks, "trial %d is of block %d", i+1, s.Block)
		v.want(cells[s.Cell], "trial %d is of the cell %s, which is not there", i+1, quote(s.Cell))
		v.want(
			slices.Contains(p.Scenarios, s.Scenario), "trial %d is of the scenario %s, which is not there", i+1,
			quote(s.Scenario.String()),
		)
	}
}
