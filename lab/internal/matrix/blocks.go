package matrix

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// blocks reads a number of blocks, or the map {min, max, until} that lets a run
// stop between the two.
func (p *parser) blocks(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		if v, ok := p.blockCount(n, "blocks", 1); ok {
			p.spec.Blocks = v
		}
		return
	}
	allowed := []string{"min", "max", "until"}
	stop := Stop{}
	given := 0
	for _, f := range p.mapping(n, "blocks") {
		if !slices.Contains(allowed, f.key.Value) {
			p.fault(f.key, "unknown key %s of blocks: %s", quote(f.key.Value), suggest(f.key.Value, allowed))
			continue
		}
		given++
		switch f.key.Value {
		case "min":
			stop.Min, _ = p.blockCount(f.value, "blocks min", leastToStop)
		case "max":
			p.spec.Blocks, _ = p.blockCount(f.value, "blocks max", leastToStop)
		case "until":
			stop.Width = p.percentage(f.value, "blocks until")
		}
	}
	switch {
	case given < len(allowed):
		p.fault(n, "blocks as a map needs min, max and until, such as {min: 6, max: 20, until: 5%%}")
	case stop.Min > p.spec.Blocks && p.spec.Blocks > 0:
		p.fault(n, "blocks min is %d, above max, which is %d", stop.Min, p.spec.Blocks)
	default:
		p.spec.Stop = &stop
	}
}

// leastToStop is the fewest blocks that give an interval to look at.
const leastToStop = 6

func (p *parser) blocksExtra(n *yaml.Node) {
	p.spec.Extra, _ = p.blockCount(n, "blocks_extra", 0)
}

func (p *parser) blockCount(n *yaml.Node, what string, least int) (int, bool) {
	text, ok := p.scalar(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < least || v > MaxShots {
		p.fault(n, "%s must be a whole number from %d to %d, not %s", what, least, MaxShots, quote(text))
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
		p.fault(n, "%s must be a percentage above 0, such as 5%%, not %s", what, quote(text))
		return 0
	}
	return v / 100
}
