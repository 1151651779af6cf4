package matrix

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// blocks reads a number of blocks, the map {min, max, until} that lets a run stop
// between the two, or a map of scenarios to a number each.
func (p *parser) blocks(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		if v, ok := p.blockCount(n, "blocks", 1); ok {
			p.spec.Blocks = v
		}
		return
	}
	fields := p.mapping(n, "blocks")
	if slices.ContainsFunc(fields, func(f field) bool { return slices.Contains(stopKeys, f.key.Value) }) {
		p.stop(n, fields)
	} else {
		p.blocksOf(n, fields)
	}
}

var stopKeys = []string{"min", "max", "until"}

func (p *parser) stop(n *yaml.Node, fields []field) {
	stop := Stop{}
	given, unknown := 0, 0
	for _, f := range fields {
		if !slices.Contains(stopKeys, f.key.Value) {
			p.diagnose(
				f.key, "unknown key %s of blocks beside min, max or until: %s", quote(f.key.Value), suggest(f.key.Value, stopKeys),
			)
			unknown++
			continue
		}
		given++
		switch f.key.Value {
		case "min":
			stop.Min, _ = p.blockCount(f.value, "blocks min", minToStop)
		case "max":
			p.spec.Blocks, _ = p.blockCount(f.value, "blocks max", minToStop)
		case "until":
			stop.Width = p.percentage(f.value, "blocks until")
		}
	}
	switch {
	case unknown > 0: // which may be the one that is missing
	case given < len(stopKeys):
		p.diagnose(n, "blocks as a map needs min, max and until, such as {min: 6, max: 20, until: 5%%}")
	case stop.Min > p.spec.Blocks && p.spec.Blocks > 0:
		p.diagnose(n, "blocks min is %d, above max, which is %d", stop.Min, p.spec.Blocks)
	default:
		p.spec.Stop = &stop
	}
}

// blocksOf reads the number of blocks of every scenario.
func (p *parser) blocksOf(n *yaml.Node, fields []field) {
	names := p.spec.scenarioNames()
	of := map[string]int{}
	before := len(p.Diagnostics)
	for _, f := range fields {
		switch name, ok := p.scenarioKey(f.key, "blocks", names); {
		case !ok:
		case of[name] != 0:
			p.diagnose(f.key, "duplicate scenario %s in blocks", name)
		default:
			of[name], _ = p.blockCount(f.value, "blocks of "+name, 1)
		}
	}
	missing := slices.DeleteFunc(names, func(name string) bool { return of[name] != 0 })
	if len(missing) > 0 && len(p.Diagnostics) == before {
		p.diagnose(n, "blocks does not say how many of %s", strings.Join(missing, ", "))
	}
	if len(p.Diagnostics) > before || len(of) == 0 {
		return
	}
	counts := slices.Sorted(maps.Values(of))
	p.spec.Blocks = counts[len(counts)-1]
	if counts[0] < p.spec.Blocks {
		p.spec.BlocksOf = of
	}
}

// scenarioKey reads the name of one of the spec's scenarios, in any spelling of its scale.
func (p *parser) scenarioKey(n *yaml.Node, what string, names []string) (name string, ok bool) {
	name = n.Value
	if s, err := parseScenario(name); err == nil {
		name = s.String()
	}
	if ok = slices.Contains(names, name); !ok {
		p.diagnose(n, "%s in %s is not a scenario of this spec: %s", quote(name), what, suggest(name, names))
	}
	return name, ok
}

// minToStop is the fewest blocks that give an interval to look at.
const minToStop = 6

func (p *parser) blocksExtra(n *yaml.Node) {
	p.spec.Extra, _ = p.blockCount(n, "blocks_extra", 0)
}

func (p *parser) blockCount(n *yaml.Node, what string, least int) (int, bool) {
	text, ok := p.scalar(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < least || v > MaxTrials {
		p.diagnose(n, "%s must be a whole number from %d to %d, not %s", what, least, MaxTrials, quote(text))
		return 0, false
	}
	return v, true
}

// percentage reads a share written as 5%.
func (p *parser) percentage(n *yaml.Node, what string) float64 {
	text, ok := p.scalar(n, what)
	if !ok {
		return 0
	}
	number, isPercent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	// Written so that NaN fails too.
	if err != nil || !isPercent || !(v > 0 && v < 100) {
		p.diagnose(n, "%s must be a percentage above 0, such as 5%%, not %s", what, quote(text))
		return 0
	}
	return v / 100
}
