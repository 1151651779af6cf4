package matrix

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// Causes are what a spec may expect to limit a cell: the names that judge/diagnose gives.
var Causes = []string{
	"none", "db-connections-exhausted", "overload-shed", "app-pool-starved", "pgbouncer-pool-starved",
	"pgbouncer-cpu-bound", "db-cpu-bound", "db-io-bound", "db-lock-contention", "db-commit-wait", "slow-query",
	"prepared-statement-lost", "app-cpu-bound", "host-cpu-saturated", "network-latency", "replica-lagging",
	"memory-pressure",
	"generator-saturated", "noisy-host", "component-failed", "mixed",
}

// expect reads which cause is known to limit each cell: a map from the values of the
// spec's only factor.
func (p *parser) expect(n *yaml.Node) {
	if len(p.spec.Factors) != 1 {
		p.fault(n, "expect names the values of a factor, so the spec must have one factor, not %d", len(p.spec.Factors))
		return
	}
	factor := p.spec.Factors[0]
	for _, f := range p.mapping(n, "expect") {
		cause, ok := p.scalar(f.value, "the cause that is expected")
		switch i := slices.Index(factor.names(), f.key.Value); {
		case i < 0:
			p.fault(f.key, "%s is not a value of %s: %s", quote(f.key.Value), factor.Name, suggest(f.key.Value, factor.names()))
		case !ok:
		case !slices.Contains(Causes, cause):
			p.fault(f.value, "unknown cause %s: %s", quote(cause), suggest(cause, Causes))
		default:
			for c := range p.spec.Cells {
				if p.spec.Cells[c].Label == label(p.spec.Factors, combo{i}) {
					p.spec.Cells[c].Expect = cause
				}
			}
		}
	}
}
