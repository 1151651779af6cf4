package diagnose

import (
	"math"
	"slices"
	"strings"
)

// Signatures of what lies outside of the system under test: the generator, the
// machine, its neighbours. USE (Gregg): utilisation, saturation, errors.

// signature judges one cause: how strongly the figures speak for it, 0…1 or NaN
// where they do not tell, and which figures.
type signature struct {
	cause Cause
	judge func(*observation) (float64, []Evidence)
}

// generator: k6 has used most of the CPU it may, was kept from running by a quota, or
// had no VU left for an iteration that was due.
func generator(o *observation) (float64, []Evidence) {
	used, limit := o.get(of("cpu_cores", "service", "k6")), o.get(of("cpu_limit_cores", "service", "k6"))
	if o.Load.CPUCores != nil {
		used = math.Max(used, *o.Load.CPUCores)
	}
	dropped := float64(o.Load.Dropped)
	share := dropped / math.Max(1, dropped+float64(o.Load.Requests))
	throttled := o.or(of("service_throttled_ratio", "service", "k6"), math.NaN())
	return either(rise(used/limit, 0.7, 0.9), rise(throttled, 0.05, 0.2)), []Evidence{
		o.metric(of("cpu_cores", "service", "k6"), say("k6 used %s of %s", short(used), cores(limit))),
		o.metric(of("service_throttled_ratio", "service", "k6"), say("its quota kept it from running %s of the time", percent(throttled))),
		{"load.dropped_iterations", dropped, say("%s of the iterations were dropped", percent(share))},
	}
}

// neighbours: others than the lab used the CPU, or the hypervisor took it away.
func neighbours(o *observation) (float64, []Evidence) {
	steal, others := o.get("host_cpu_steal_ratio"), o.get("host_cpu_other_cores")
	return either(rise(steal, 0.01, 0.05), rise(others, 0.25, 0.6)), []Evidence{
		o.metric("host_cpu_other_cores", say("processes outside of the lab used %s", cores(others))),
		o.metric("host_cpu_steal_ratio", say("%s of the CPU was stolen", percent(steal))),
	}
}

// failure: a service ended that nobody had asked to.
func failure(o *observation) (float64, []Evidence) {
	score, evidence := 0.0, []Evidence(nil)
	deaths := o.labelled("service_deaths", "service")
	for _, service := range sorted(deaths) {
		if deaths[service] > 0 {
			score = 1
			evidence = append(evidence, o.metric(of("service_deaths", "service", service), say("%s ended %s × in mid-shot", service, count(deaths[service]))))
		}
	}
	if score == 0 {
		evidence = append(evidence, Evidence{"service_deaths", 0, "no service ended"})
	}
	return score, evidence
}

// hostCPU: every core is busy, and what could run waits for one.
func hostCPU(o *observation) (float64, []Evidence) {
	busy, waiting, queue := o.get("host_cpu_busy_ratio"), o.or("host_psi_cpu_ratio", math.NaN()), o.or("host_runnable_mean", math.NaN())
	// Many causes end in a busy host; so this one alone is never certain to the last.
	return 0.7 * both(rise(busy, 0.75, 0.92), either(rise(waiting, 0.3, 0.7), rise(queue, 4, 10))), []Evidence{
		o.metric("host_cpu_busy_ratio", say("the host's CPUs were %s busy", percent(busy))),
		o.metric("host_psi_cpu_ratio", say("%s of the time something waited for one (PSI)", percent(waiting))),
		o.metric("host_runnable_mean", say("%s processes were runnable", short(queue))),
	}
}

// memory: what runs waits for memory.
func memory(o *observation) (float64, []Evidence) {
	waiting := o.get("host_psi_memory_ratio")
	return rise(waiting, 0.02, 0.15), []Evidence{
		o.metric("host_psi_memory_ratio", say("%s of the time something waited for memory (PSI)", percent(waiting))),
		o.metric("host_memory_used_bytes_max", say("%s GiB of memory in use at most", short(o.or("host_memory_used_bytes_max", math.NaN())/(1<<30)))),
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
