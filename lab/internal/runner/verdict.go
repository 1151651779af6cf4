package runner

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/proc"
)

// Limits beyond which a trial is suspect.
const (
	k6Share      = 0.80  // of the CPU that k6 may use
	droppedShare = 0.01  // of the iterations of an open scenario
	stealShare   = 0.02  // of the host's CPU
	minForP99    = 1_000 // requests

	// othersShare is of the host's CPUs that processes outside of the lab used, on two CPUs as
	// on 64. The blocks take out what is constant; a seventh of the machine that comes and goes
	// changes a result by about as much as the A/A control differs on a shared host. Far less
	// could not be told: by its ticks a host of two CPUs has been busy with up to 0.1 less than
	// its processes have run.
	othersShare = 0.15
)

// The services' CPU is read of their processes, the host's of its ticks. More than this
// beyond what there is, or what was busy, was read wrongly.
const (
	maxOfCPUs = 1.1  // of the host's CPUs
	maxOfBusy = 1.05 // of what was busy …
	maxBeyond = 0.3  // … and so many CPUs more
)

// maxSet is how far the wall clock may be set during a trial. NTP slews by 0.5 ms
// a second at most; more is a clock that was set, or a machine that was suspended.
const maxSet = 500 * time.Millisecond

// verdict gathers what speaks against a trial.
type verdict struct {
	services *matrix.Catalog
	worst    record.Verdict
	reasons  []string
	failed   bool // the system under test has failed
	broken   bool // and so has what measures it
}

// fail says what went wrong with the system under test. What could not be read or does not
// add up then is a consequence.
func (v *verdict) fail(format string, args ...any) {
	v.failed = true
	v.reasons = append(v.reasons, fmt.Sprintf(format, args...))
}

// breakdown says what went wrong with the lab: nothing can be told of the system.
func (v *verdict) breakdown(format string, args ...any) {
	v.broken = true
	v.invalid(format, args...)
}

// say adds a line that a reader must know, and that changes no verdict.
func (v *verdict) say(format string, args ...any) {
	v.reasons = append(v.reasons, fmt.Sprintf(format, args...))
}

func (v *verdict) invalid(format string, args ...any) {
	v.worst = record.Invalid
	v.say(format, args...)
}

func (v *verdict) suspect(format string, args ...any) {
	if v.worst != record.Invalid {
		v.worst = record.Suspect
	}
	v.say(format, args...)
}

// mayLack are the beginnings of what is not there on every kernel, or in every container: pressure, and the memory
// of processes of another account. Without it a trial is still one.
var mayLack = []string{"host_psi_", "memory_pss_bytes_max{"}

// missing says which numbers could not be read.
func (v *verdict) missing(names []string) {
	untold := metric.Untold(v.services.Backend())
	for _, name := range names {
		if slices.Contains(untold, name) {
			continue // told says so
		}
		if slices.ContainsFunc(mayLack, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			v.say("missing: %s", name)
			continue
		}
		v.invalid("missing: %s", name)
	}
}

func (v *verdict) outcome() (record.Verdict, []string) {
	switch {
	case v.failed && !v.broken:
		return record.Failed, v.reasons
	case v.worst == "":
		return record.Valid, append([]string{}, v.reasons...)
	}
	return v.worst, v.reasons
}

// within names files by their place in the checkout: records are committed, and
// where the checkout is on this machine concerns nobody.
func within(checkout string, reasons []string) []string {
	for i := range reasons {
		reasons[i] = strings.ReplaceAll(reasons[i], checkout+string(filepath.Separator), "")
	}
	return reasons
}

// readBack compares what was asked for with what is set.
func (v *verdict) readBack(settings matrix.Settings, read setting.Reading) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if isClientSide(name) {
			continue
		}
		got, ok := read.Values[name]
		switch {
		case slices.Contains(read.Unconfirmed, name):
			v.say("asked, not confirmed: %s is %s", name, settings[name])
		case !ok:
			v.breakdown("not read back: %s", name)
		case !slices.Contains(read.Same, name) && !v.sameValue(name, settings[name], got):
			v.breakdown("%s is %s, not %s", name, got, settings[name])
		}
	}
}

// pinned compares the CPUs that were asked for with those that the services run on. An optional service may not
// be there.
func (v *verdict) pinned(asked matrix.CPUs, effective matrix.Settings) {
	cpus := v.services.CPUs(asked)
	for _, svc := range service.All() {
		if got, there := effective[matrix.CPUsPrefix+svc.Name]; there || !svc.Optional() {
			v.runsOn(svc.Name, cpus[svc.Name], got)
		}
	}
}

// runsOn compares the CPUs of one service, or of k6. got is empty where they could not be read.
func (v *verdict) runsOn(name, asked, got string) {
	switch {
	case asked == "" || proc.SameCPUs(asked, got):
	case got == "":
		v.invalid("not read back: cpus of %s", name)
	default:
		v.invalid("%s runs on CPUs %s, not %s", name, got, asked)
	}
}

// duringLoad are the faults that begin with the load: before it there is nothing to
// read back.
var duringLoad = []string{matrix.FaultCPU("k6"), matrix.FaultReplay, matrix.FaultKill, matrix.FaultScrapes}

// isClientSide tells a setting of the load from one of the stack.
func isClientSide(name string) bool {
	return strings.HasPrefix(name, matrix.ScenarioPrefix) || slices.Contains(duringLoad, name)
}

// sameValue compares as the setting is meant: 1s is 1000ms.
func (v *verdict) sameValue(name, want, got string) bool {
	if want == got {
		return true
	}
	setting, err := v.services.Lookup(name)
	if err != nil {
		return false
	}
	a, errA := setting.Canonical(want)
	b, errB := setting.Canonical(got)
	return errA == nil && errB == nil && a == b
}

// generator asks whether the load was what was planned, or k6 itself the limit. It returns
// whether iterations that were dropped are the system's doing: its answers kept every VU
// waiting, and k6 could have sent more.
func (v *verdict) generator(result load.Result, script load.Script, cpus string, quota float64) (failed bool) {
	l := result.Load
	cores, spare := spareCPU(l, cpus, quota)
	if l.CPUCores != nil && !spare {
		v.suspect("generator saturated: k6 used %.2f of %.4g cores", *l.CPUCores, cores)
	}
	// An open load needs as many VUs as answers are outstanding, a closed one all.
	if !script.Open && l.VUsMax < script.VUs {
		v.suspect("generator saturated: %d of %d VUs", l.VUsMax, script.VUs)
	}
	busy := fmt.Sprintf("for all VUs were busy, %d of at most %d", l.VUsMax, script.VUs)
	dropped := float64(l.Dropped)
	switch {
	case spare && l.Dropped > 0:
		v.say("%d iterations dropped while k6 had CPU to spare, %s: they count as failed requests", l.Dropped, busy)
	case dropped > droppedShare*(dropped+float64(l.Requests)):
		v.suspect("generator saturated: %d iterations dropped, %s", l.Dropped, busy)
	}
	if l.Interrupted > 0 {
		v.suspect("%d iterations were cut off", l.Interrupted)
	}
	wrong := result.FailedChecks
	if l.StaleReads != nil && *l.StaleReads > 0 {
		v.invalid("%d reads did not find what their session had written", *l.StaleReads)
		wrong -= *l.StaleReads // each failed its check
	}
	if wrong > 0 {
		v.invalid("%d answers were wrong although their status was right", wrong)
	}
	return spare && l.Dropped > 0
}

// spareCPU tells how many CPUs k6 could use, and whether it has left enough of them.
func spareCPU(l record.Load, cpus string, quota float64) (cores float64, spare bool) {
	cores = float64(runtime.NumCPU())
	if set, err := proc.ParseCPUs(cpus); err == nil {
		cores = float64(set.Count())
	}
	if quota > 0 {
		cores = math.Min(cores, quota)
	}
	return cores, l.CPUCores != nil && *l.CPUCores <= k6Share*cores
}

// failDropped counts the dropped iterations as requests that failed: each was due. It
// comes after all that compares what k6 has sent.
func failDropped(l *record.Load) {
	l.Requests += l.Dropped
	l.Failed += l.Dropped
	l.ErrorRatio = float64(l.Failed) / float64(l.Requests)
}

// enough asks whether there are requests enough to say that the objective was met. Few are
// enough to say that it was missed: a system that answers nobody is asked little.
func (v *verdict) enough(l *record.Load, slo matrix.SLO) {
	failed := float64(l.Failed) > slo.ErrorRatio*float64(l.Requests)
	slow := l.Slow != nil && float64(*l.Slow) > slo.SlowRatio()*float64(l.Requests)
	if l.Requests < minForP99 && !failed && !slow {
		v.suspect("%d requests are too few for a p99", l.Requests)
	}
}

// quiet asks whether others took the CPU during the trial.
func (v *verdict) quiet(metrics map[string]float64) {
	if steal, _ := metric.HostSteal.Get(metrics); steal > stealShare {
		v.suspect("noisy host: %.1f%% of its CPU was stolen", 100*steal)
	}
	others, _ := metric.HostOtherCores.Get(metrics)
	cpus, _ := metric.HostCPUs.Get(metrics)
	if cpus > 0 && others > othersShare*cpus {
		v.suspect("noisy host: processes outside of the lab used %.2f of %.0f cores", others, cpus)
	}
}

// cpu asks whether the services can have used what they are said to have used.
func (v *verdict) cpu(metrics map[string]float64) {
	used := 0.0
	for _, cores := range metric.CPUCores.Values(metrics) {
		used += cores
	}
	if cpus, ok := metric.HostCPUs.Get(metrics); ok && used > maxOfCPUs*cpus {
		v.invalid("CPU disagrees: the services used %.2f cores, and the host has %.0f", used, cpus)
	}
	if busy, ok := metric.HostBusyCores.Get(metrics); ok && used > maxOfBusy*busy+maxBeyond {
		v.invalid("CPU disagrees: the services used %.2f cores, and the host was busy with %.2f", used, busy)
	}
}

// silent says so where the system under test is why nothing could be read of it: it served
// less than half of the requests.
func (v *verdict) silent(ctx context.Context, l *record.Load) {
	if 2*l.Failed > l.Requests && ctx.Err() == nil {
		v.fail("the system no longer serves: %d of %d requests failed", l.Failed, l.Requests)
	}
}

// death notes that a service ended unasked. Once the cell was applied, either the system
// under test has failed, or what measures it.
func (v *verdict) death(d stack.Death, rec record.Record) {
	note := v.breakdown
	switch {
	case rec.Effective == nil:
		note = v.invalid
	case rec.UnderTest(d.Service):
		note = v.fail
	}
	note("%s: %s", d, d.Log)
}

// clock asks whether the wall clock went as the monotonic one did: Prometheus and k6
// date their samples by it. set is how much further it went.
func (v *verdict) clock(set time.Duration) {
	if set.Abs() > maxSet {
		v.breakdown("the clock was set by %s during the trial, or the machine was suspended", set.Round(time.Millisecond))
	}
}

// idle asks whether the host was quiet before the trial.
func (v *verdict) idle(seen host.Idleness) {
	if !seen.Idle {
		v.suspect("the host was not idle before the trial: %s", seen)
	}
}

// sameDataset asks whether the tables hold what they held before the first trial.
func (v *verdict) sameDataset(first, now string) {
	if first != now {
		v.breakdown("the data set has changed: it was %s, is %s", first, now)
	}
}
