package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// benchUnits are the numbers of a repetition in the Go benchmark format, by their
// unit there.
var benchUnits = []struct {
	unit   string
	higher bool // is better
	value  func(*record.Record) (float64, bool)
}{
	{"goodput-req/s", true, ofLoad(goodput)},
	{"rate-req/s", true, ofLoad(func(l *record.Load) float64 { return l.RPSMean })},
	{"successes", true, ofLoad(successes)},
	{"fail-ratio", false, ofLoad(errorRatio)},
	{"p50-ms", false, ofLoad(func(l *record.Load) float64 { return l.Latency.P50 })},
	{"p95-ms", false, ofLoad(func(l *record.Load) float64 { return l.Latency.P95 })},
	{"p99-ms", false, ofLoad(p99)},
	{"ok-p99-ms", false, ofOK(func(l *record.Latency) float64 { return l.P99 })},
}

// bench writes each valid repetition as a line of the Go benchmark format, which
// benchstat reads: https://golang.org/design/14313-benchmark-format.
func bench(a *Analysis) []byte {
	var b strings.Builder
	// benchstat compares only what has the same configuration lines. So they tell the
	// host, and what differs from run to run is in lines that it passes over.
	fmt.Fprintf(&b, "# run %s, commit %s, seed %d\n", a.run.Name, cmp.Or(a.run.Host.Commit, "none"), a.run.Plan.Seed)
	for _, fact := range hostFacts(a.run.Host) {
		if fact[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", fact[0], strings.Join(strings.Fields(fact[1]), " "))
		}
	}
	for _, u := range benchUnits {
		better := "lower"
		if u.higher {
			better = "higher"
		}
		fmt.Fprintf(&b, "Unit %s better=%s\n", u.unit, better)
	}
	for _, p := range a.parts {
		for _, g := range p.rows {
			if !g.valid() {
				continue
			}
			name := benchName(p.scenario, g.cell, a.run.Plan.Factors)
			for _, r := range g.used {
				b.WriteString(name + " 1")
				for _, u := range benchUnits {
					if v, ok := u.value(r); ok {
						b.WriteString(" " + strconv.FormatFloat(v, 'g', -1, 64) + " " + u.unit)
					}
				}
				b.WriteByte('\n')
			}
		}
	}
	return []byte(b.String())
}

func hostFacts(h record.Host) [][2]string {
	facts := [][2]string{
		{"cpu", h.CPUModel}, {"cores", strconv.Itoa(h.Cores)}, {"memory", mebibytes(float64(h.MemoryBytes)) + " MiB"},
		{"kernel", h.Kernel}, {"distro", h.Distro}, {"go", h.Go}, {"programs-from", h.Env},
	}
	for _, p := range h.Programs {
		if p.Name == "k6" || p.Name == "postgres" || p.Name == "pgbouncer" {
			facts = append(facts, [2]string{p.Name, p.Version})
		}
	}
	return facts
}

// benchName names a cell as Go names a benchmark, each factor a key of its own:
// BenchmarkStorm/pool_size=8/topology=direct. A scaled scenario has the key scale,
// the baseline's twin the key twin.
func benchName(s matrix.Scenario, c matrix.Cell, factors []string) string {
	var b strings.Builder
	b.WriteString("Benchmark")
	for _, word := range strings.FieldsFunc(s.Name, func(r rune) bool { return r == '-' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	if s.Scale != 1 {
		b.WriteString("/scale=" + strconv.FormatFloat(s.Scale, 'g', -1, 64))
	}
	label := c.Label
	if c.Twin {
		label = strings.TrimSuffix(label, twinSuffix)
	}
	for i, v := range values(label, factors) {
		b.WriteString("/" + matrix.BenchKey(factors[i]) + "=" + matrix.BenchKey(v))
	}
	if c.Twin {
		b.WriteString("/twin=2")
	}
	return b.String()
}

// twinSuffix is what the label of the baseline's twin ends in.
const twinSuffix = " twin=2"
