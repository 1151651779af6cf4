// Package soak says of a run in which services were killed again and again whether
// anything was lost, and whether the lab itself has grown. It is pure.
package soak

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Metrics of the supervisor that must stay flat.
const (
	openFiles = "supervisor_open_fds_max"
	memory    = `memory_pss_bytes_max{service="supervisor"}`
)

// How much more the last third of a run may have than the first.
const (
	moreFiles  = 8    // descriptors: connections that happen to be open
	moreMemory = 0.25 // of the first third's
)

// Finding is what a soak has found.
type Finding struct {
	Killed   int      // trials in which a service was killed
	Whole    int      // trials in which none was
	Files    Growth   // open files of the supervisor
	Memory   Growth   // its proportional set size, bytes
	Failures []string // what went wrong; none: the lab has held
}

// Growth is the median of the first third of the trials and of the last; NaN
// where it is not recorded.
type Growth struct{ First, Last float64 }

// Judge reads the records of a run, finished or not.
func Judge(plan matrix.Plan, records []record.Record) Finding {
	var f Finding
	fail := func(format string, args ...any) { f.Failures = append(f.Failures, fmt.Sprintf(format, args...)) }
	for i := range records {
		r := &records[i]
		if r.N != i+1 {
			fail("record %d is numbered %d: one was lost", i+1, r.N)
		}
		service, _, killed := matrix.Kill(r.Settings[matrix.FaultKill])
		reasons := strings.Join(r.Reasons, "; ")
		switch {
		case !killed:
			f.Whole++
			if r.Verdict == record.Invalid || r.Verdict == record.Failed {
				fail("trial %d, in which nothing was killed, is %s: %s", r.N, r.Verdict, reasons)
			}
		case r.Verdict == record.Valid || r.Verdict == record.Suspect ||
			!strings.Contains(reasons, service+" ended with signal SIGKILL"):
			fail("trial %d, in which %s was killed, is %s and does not say so: %s", r.N, service, r.Verdict, reasons)
		default:
			f.Killed++
		}
	}
	if len(records) != len(plan.Trials) {
		fail("%d records of %d trials", len(records), len(plan.Trials))
	}
	f.Files, f.Memory = growth(records, openFiles), growth(records, memory)
	if !(f.Files.Last <= f.Files.First+moreFiles) {
		fail("the supervisor had %.0f open files in the first third, %.0f in the last", f.Files.First, f.Files.Last)
	}
	if !(f.Memory.Last <= f.Memory.First*(1+moreMemory)) {
		fail("the supervisor had %.0f bytes of memory in the first third, %.0f in the last", f.Memory.First, f.Memory.Last)
	}
	return f
}

func growth(records []record.Record, metric string) Growth {
	third := len(records) / 3
	return Growth{median(records[:third], metric), median(records[len(records)-third:], metric)}
}

func median(records []record.Record, metric string) float64 {
	var values []float64
	for i := range records {
		if v, ok := records[i].Metrics[metric]; ok {
			values = append(values, v)
		}
	}
	return stat.Median(values)
}
