package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// caveats name the numbers of the records that are known to be wrong. They are kept as they
// were recorded: a report is made of its records, and hides nothing of them.
func (a *Analysis) caveats() blocks {
	var lines []string
	old := 0
	for i := range a.run.Records {
		r := &a.run.Records[i]
		if r.Load != nil && r.Model == "" {
			old++
		}
		if used, busy, ok := tooMuchCPU(r, a.run.Host.Cores); ok {
			lines = append(lines, fmt.Sprintf("- Record %d: its services used %s CPUs, "+
				"of %d that the host has and %s that were busy. "+
				"That cannot be: a counter that dipped was taken for one that had begun anew. Its CPU figures are wrong.",
				r.N, numeral.Figure(used), a.run.Host.Cores, numeral.Figure(busy)))
		}
	}
	if old > 0 {
		lines = append([]string{fmt.Sprintf("- %s from before CPU, pressure, disk and network were counted over the load "+
			"alone: "+
			"these figures hold some seconds after it too, and are off by up to a quarter; shares of them may exceed 100%%. "+
			"Latencies are without the time to connect, so a connection that was refused or timed out counts as 0 "+
			"ms.", plural(old, "record"))}, lines...)
	}
	if lines == nil {
		return nil
	}
	return blocks{fold{
		"Numbers that are known to be wrong, and stand here as they were recorded",
		blocks{words(strings.Join(lines, "\n") + "\n")},
	}}
}

// moreCPU is by how much the services may seem to use more than the host was busy: their
// counters are read one after the other, and tick by hundredths of a second.
const moreCPU = 0.3

// tooMuchCPU says whether the services of a record used more CPU than there is, or than was
// busy.
func tooMuchCPU(r *record.Record, cores int) (used, busy float64, ok bool) {
	busy, known := metric.HostBusyCores.Value(r)
	for _, v := range metric.CPUCores.Values(r.Metrics) {
		used += v
	}
	return used, busy, known && (used > 1.1*float64(cores) || used > 1.05*busy+moreCPU)
}
