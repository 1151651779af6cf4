package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// bench writes each valid trial as a line of the Go benchmark format, which
// benchstat reads: https://golang.org/design/14313-benchmark-format.
func bench(a *Analysis) []byte {
	var b strings.Builder
	// benchstat compares only what has the same configuration lines. So they tell the
	// host, and what differs from run to run is in lines that it passes over.
	fmt.Fprintf(&b, "# run %s, commit %s, seed %d\n", a.run.Name, cmp.Or(a.run.Host.Commit, "none"), a.run.Plan.Seed)
	for _, fact := range hostFacts(a.run.Host, a.run.Services.Poolers()) {
		if fact[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", fact[0], strings.Join(strings.Fields(fact[1]), " "))
		}
	}
	for _, m := range metric.Benched {
		better := "lower"
		if m.Better == stat.HigherIsBetter {
			better = "higher"
		}
		fmt.Fprintf(&b, "Unit %s better=%s\n", m.Bench, better)
	}
	for _, p := range a.parts {
		for _, g := range p.rows {
			if !g.Valid() {
				continue
			}
			name := benchName(p.Scenario, g.Cell, a.run.Plan.Factors)
			for _, r := range g.Used {
				b.WriteString(name + " 1")
				for _, m := range metric.Benched {
					if v, ok := m.Value(r); ok {
						b.WriteString(" " + strconv.FormatFloat(v, 'g', -1, 64) + " " + m.Bench)
					}
				}
				b.WriteByte('\n')
			}
		}
	}
	return []byte(b.String())
}

func hostFacts(h record.Host, poolers []matrix.Service) [][2]string {
	programs := []string{"k6", "postgres"}
	for _, p := range poolers {
		programs = append(programs, p.Name)
	}
	facts := [][2]string{
		{"cpu", h.CPUModel}, {"cores", strconv.Itoa(h.Cores)}, {"memory", numeral.Mebibytes(float64(h.MemoryBytes)) + " MiB"},
		{"kernel", h.Kernel}, {"distro", h.Distro}, {"go", h.Go}, {"programs-from", h.Env},
	}
	for _, p := range h.Programs {
		if slices.Contains(programs, p.Name) {
			facts = append(facts, [2]string{p.Name, p.Version})
		}
	}
	return facts
}

// benchName names a cell as Go names a benchmark, each factor a key of its own:
// BenchmarkStorm/pool_size=8/topology=direct. A scaled scenario has the key scale,
// the A/A control the key twin.
func benchName(s matrix.Scenario, c matrix.Cell, factors []string) string {
	var b strings.Builder
	b.WriteString("Benchmark")
	for _, word := range strings.FieldsFunc(s.Name, func(r rune) bool { return r == '-' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	if s.Scale != 1 {
		b.WriteString("/scale=" + strconv.FormatFloat(s.Scale, 'g', -1, 64))
	}
	for i, v := range c.LevelsOf(factors) {
		b.WriteString("/" + matrix.BenchKey(factors[i]) + "=" + matrix.BenchKey(v))
	}
	if c.Control {
		b.WriteString("/twin=2")
	}
	return b.String()
}
