package matrix

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// expect reads which cause is known to limit each cell: a map from the values of the
// spec's only factor.
func (p *parser) expect(n *yaml.Node) {
	if len(p.spec.Factors) != 1 {
		p.diagnose(n, "expect names the values of a factor, so the spec must have one factor, not %d", len(p.spec.Factors))
		return
	}
	factor := p.spec.Factors[0]
	for _, f := range p.mapping(n, "expect") {
		cause, ok := p.scalar(f.value, "the cause that is expected")
		switch i := slices.Index(factor.names(), f.key.Value); {
		case i < 0:
			p.diagnose(
				f.key, "%s is not a value of %s: %s", quote(f.key.Value), factor.Name, suggest(f.key.Value, factor.names()),
			)
		case !ok:
		case !slices.Contains(p.there.Causes, cause):
			p.diagnose(f.value, "unknown cause %s: %s", quote(cause), suggest(cause, p.there.Causes))
		default:
			for c := range p.spec.Cells {
				if p.spec.Cells[c].Levels[factor.Name] == f.key.Value {
					p.spec.Cells[c].Expect = cause
				}
			}
		}
	}
}
