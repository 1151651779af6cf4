package diagnose

import (
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// Signatures of what lies outside of the system under test: the generator, the
// machine, its neighbours. USE (Gregg): utilisation, saturation, errors.

// signature judges one cause: how strongly the figures speak for it, and which
// figures. The words of a claim that is too weak tell why the cause is ruled out.
type signature struct {
	cause Cause
	judge func(*observation) (claim, []Evidence)
}

// throttled is how much a service's quota held it back: by the share of the quota's periods in which it did. 0.25 is
// where kubernetes-mixin's rule CPUThrottlingHigh warns. Records from before that metric hold the seconds in which it
// did, added up over CPUs: they are shown where they can be a share of the time, and claim nothing.
func (o *observation) throttled(service string) (claim, Evidence) {
	held := metric.Throttled.At(service)
	if share, ok := held.Get(o.Metrics); ok {
		words := say("its quota held it back in %s of its periods", percent(share))
		return claim{rise(share, 0.1, 0.4), words}, Evidence{held.Key(), share, words}
	}
	unknown := claim{score: math.NaN()}
	held = metric.ThrottledSeconds.At(service)
	if seconds := o.or(held, 0); seconds > 0 && seconds <= 1 {
		words := say("its quota held it back for %s s of a second, added up over CPUs", short(seconds))
		return unknown, Evidence{held.Key(), seconds, words}
	}
	return unknown, Evidence{Value: math.NaN()}
}

// usedOf says how much of its limit a service has used. A count may exceed the limit by what it holds of the time
// before and after the load: nobody uses more than all.
func usedOf(service string, used, limit float64) string {
	if used > limit {
		used = limit
	}
	return say("%s used %s of %s", service, short(used), cores(limit))
}

// generator: k6 has used most of the CPU it may, or was kept from running by a quota.
func generator(o *observation) (claim, []Evidence) {
	limit := o.get(metric.CPULimit.At("k6"))
	cpu := o.metric(metric.CPUCores.At("k6"), "")
	if own := o.Load.CPUCores; math.IsNaN(cpu.Value) && own != nil {
		cpu = Evidence{Name: "load.k6_cpu_cores", Value: *own}
	}
	if math.IsNaN(cpu.Value) {
		o.get(metric.CPUCores.At("k6"))
	}
	cpu.Words = usedOf("k6", cpu.Value, limit)
	throttled, held := o.throttled("k6")
	dropped := float64(o.Load.Dropped)
	answered := 0.0 // or not; what was dropped has no status, and may be among the requests
	for _, n := range o.Load.Status {
		answered += float64(n)
	}
	share := dropped / math.Max(1, dropped+answered)
	return either(claim{rise(cpu.Value/limit, 0.7, 0.9), cpu.Words}, throttled), []Evidence{
		cpu,
		held,
		{"load.dropped_iterations", dropped, say("%s of the iterations were dropped", percent(share))},
	}
}

// neighbours: others than the lab used a share of the CPUs, or the hypervisor took it away.
func neighbours(o *observation) (claim, []Evidence) {
	steal, others := o.get(metric.HostSteal), o.get(metric.HostOtherCores)
	cpus := o.cpus()
	used := say("processes outside of the lab used %s of %s", short(others), cores(cpus))
	stolen := say("%s of the CPU was stolen", percent(steal))
	return either(claim{rise(steal, 0.01, 0.05), stolen}, claim{rise(others/cpus, 0.125, 0.3), used}), []Evidence{
		o.metric(metric.HostOtherCores, used),
		o.metric(metric.HostSteal, stolen),
	}
}

// failure: a service ended that nobody had asked to, or the system does not start or serve.
func failure(o *observation) (claim, []Evidence) {
	ended, evidence := none("no service ended"), []Evidence(nil)
	deaths := metric.Deaths.Values(o.Metrics)
	for _, service := range sorted(deaths) {
		if deaths[service] > 0 {
			words := say("%s ended %s × in mid-trial", service, count(deaths[service]))
			ended.score = 1
			evidence = append(evidence, o.metric(metric.Deaths.At(service), words))
		}
	}
	switch {
	case evidence != nil:
	case o.Verdict == record.Failed && len(o.Reasons) > 0:
		ended.score = 1
		evidence = append(evidence, Evidence{"verdict", 1, o.Reasons[0]})
	default:
		evidence = append(evidence, Evidence{metric.Deaths.Key(), 0, ended.words})
	}
	return ended, evidence
}

// hostCPU: every core is busy, and what could run waits for one.
func hostCPU(o *observation) (claim, []Evidence) {
	busy := o.get(metric.HostBusy)
	waiting, queue := o.or(metric.HostCPUPressure, math.NaN()), o.or(metric.HostRunnable, math.NaN())
	cpus := o.cpus()
	used := say("the host's CPUs were %s busy", percent(busy))
	pressure := say("%s of the time something waited for one (PSI)", percent(waiting))
	runnable := say("%s processes were runnable on %s", short(queue), cores(cpus))
	c := both(
		claim{rise(busy, 0.75, 0.92), used},
		either(claim{rise(waiting, 0.3, 0.7), pressure}, claim{rise(queue/cpus, 2, 5), runnable}),
	)
	c.score *= 0.7 // many causes end in a busy host; so this one alone is never certain to the last
	return c, []Evidence{
		o.metric(metric.HostBusy, used),
		o.metric(metric.HostCPUPressure, pressure),
		o.metric(metric.HostRunnable, runnable),
	}
}

// memory: what runs waits for memory.
func memory(o *observation) (claim, []Evidence) {
	waiting := o.get(metric.HostMemoryPressure)
	used := o.or(metric.HostMemory, math.NaN()) / (1 << 30)
	words := say("%s of the time something waited for memory (PSI)", percent(waiting))
	return claim{rise(waiting, 0.02, 0.15), words}, []Evidence{
		o.metric(metric.HostMemoryPressure, words),
		o.metric(metric.HostMemory, say("%s GiB of memory in use at most", short(used))),
	}
}

func sorted(m map[string]float64) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
