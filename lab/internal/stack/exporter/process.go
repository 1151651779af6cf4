package exporter

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"stormwave/lab/internal/series"
	"stormwave/lab/internal/stack/proc"
)

// slowEvery is the pause between two readings of what changes seldom and costs much:
// memory walks the page tables of every process.
const slowEvery = 10 * time.Second

var (
	cpuDesc = prometheus.NewDesc(
		series.ServiceCPU, "CPU time of the service and all its processes, ended ones included.", []string{"service"}, nil,
	)
	memoryDesc = prometheus.NewDesc(
		series.ServicePSS, "Proportional set size of the service's processes.", []string{"service"}, nil,
	)
	limitDesc = prometheus.NewDesc(
		series.ServiceCPULimit, "CPUs that the service may use, by affinity and quota.", []string{"service"}, nil,
	)
	periodDesc = prometheus.NewDesc(
		series.ServiceQuotaPeriods, "Periods of its quota in which the service ran.", []string{"service"}, nil,
	)
	heldDesc = prometheus.NewDesc(
		series.ServiceThrottled, "Periods in which its quota held the service back.", []string{"service"}, nil,
	)
	upDesc = prometheus.NewDesc(series.ServiceUp, "Whether the service's process runs.", []string{"service"}, nil)
)

// supervisor is the lab's own process. The services are its children, and each counts
// for itself.
const supervisor = "supervisor"

// processes collects CPU and memory by service.
type processes struct {
	pids func() map[string]int
	cpu  proc.Meter

	mu     sync.Mutex
	of     map[string]int // the processes that were read last
	slow   map[string]slow
	readAt time.Time
}

// slow is what is read seldom of a service.
type slow struct {
	memory  uint64  // bytes; 0: unknown
	cpus    float64 // that it may use; 0: unknown
	limited bool    // by a quota
}

// Describe implements prometheus.Collector.
func (p *processes) Describe(ch chan<- *prometheus.Desc) {
	ch <- cpuDesc
	ch <- memoryDesc
	ch <- limitDesc
	ch <- periodDesc
	ch <- heldDesc
	ch <- upDesc
}

// Collect implements prometheus.Collector.
func (p *processes) Collect(ch chan<- prometheus.Metric) {
	pids := named(p.pids())
	used := p.cpu.CPU(trees(pids))
	known := p.readSlow(pids)
	for service, pid := range pids {
		cpu, runs := used[pid]
		if service == supervisor {
			cpu, runs = proc.OwnCPU(pid)
		}
		up := 0.0
		if runs {
			up = 1
			ch <- prometheus.MustNewConstMetric(cpuDesc, prometheus.CounterValue, cpu.Seconds(), service)
		}
		ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, up, service)
		is := known[service]
		if is.memory > 0 {
			ch <- prometheus.MustNewConstMetric(memoryDesc, prometheus.GaugeValue, float64(is.memory), service)
		}
		if is.cpus > 0 {
			ch <- prometheus.MustNewConstMetric(limitDesc, prometheus.GaugeValue, is.cpus, service)
		}
		if !is.limited {
			continue
		}
		if n, ok := proc.QuotaPeriods(pid); ok {
			ch <- prometheus.MustNewConstMetric(periodDesc, prometheus.CounterValue, float64(n.All), service)
			ch <- prometheus.MustNewConstMetric(heldDesc, prometheus.CounterValue, float64(n.Throttled), service)
		}
	}
}

// trees are the processes that count with their descendants.
func trees(pids map[string]int) []int {
	all := make([]int, 0, len(pids))
	for service, pid := range pids {
		if service != supervisor {
			all = append(all, pid)
		}
	}
	return all
}

// named gives the services the names that metrics know them by.
func named(pids map[string]int) map[string]int {
	all := make(map[string]int, len(pids))
	for service, pid := range pids {
		all[series.Service(service)] = pid
	}
	return all
}

// readSlow returns what is known of each service, and reads it first where another
// process stands for one, or the last reading is old.
func (p *processes) readSlow(pids map[string]int) map[string]slow {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.readAt) < slowEvery && maps.Equal(p.of, pids) {
		return p.slow
	}
	p.readAt, p.of, p.slow = time.Now(), maps.Clone(pids), make(map[string]slow, len(pids))
	memory := proc.PSS(trees(pids)...)
	for service, pid := range pids {
		is := slow{memory: memory[pid]}
		if service == supervisor {
			is.memory, _ = proc.OwnPSS(pid)
		}
		is.cpus, _ = proc.CPULimit(pid)
		_, is.limited = proc.Quota(pid)
		p.slow[service] = is
	}
	return p.slow
}
