package exporter

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"stormwave/lab/internal/series"
	"stormwave/lab/internal/stack/proc"
)

// memoryEvery is the pause between two readings of memory: each walks the page
// tables of every process.
const memoryEvery = 10 * time.Second

var (
	cpuDesc    = prometheus.NewDesc(series.ServiceCPU, "CPU time of the service and all its processes, ended ones included.", []string{"service"}, nil)
	memoryDesc = prometheus.NewDesc(series.ServicePSS, "Proportional set size of the service's processes.", []string{"service"}, nil)
	limitDesc  = prometheus.NewDesc(series.ServiceCPULimit, "CPUs that the service may use, by affinity and quota.", []string{"service"}, nil)
	heldDesc   = prometheus.NewDesc(series.ServiceThrottled, "Time in which its quota has kept the service from running.", []string{"service"}, nil)
	upDesc     = prometheus.NewDesc(series.ServiceUp, "Whether the service's process runs.", []string{"service"}, nil)
)

// supervisor is the lab's own process. The services are its children, and each counts
// for itself.
const supervisor = "supervisor"

// processes collects CPU and memory by service.
type processes struct {
	pids func() map[string]int

	mu     sync.Mutex
	memory map[string]uint64 // bytes, read last
	readAt time.Time
}

// Describe implements prometheus.Collector.
func (p *processes) Describe(ch chan<- *prometheus.Desc) {
	ch <- cpuDesc
	ch <- memoryDesc
	ch <- limitDesc
	ch <- heldDesc
	ch <- upDesc
}

// Collect implements prometheus.Collector.
func (p *processes) Collect(ch chan<- prometheus.Metric) {
	pids := named(p.pids())
	used := proc.CPU(slices.Collect(maps.Values(pids)))
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
		if cpus, ok := proc.CPULimit(pid); ok {
			ch <- prometheus.MustNewConstMetric(limitDesc, prometheus.GaugeValue, cpus, service)
		}
		if _, limited := proc.Quota(pid); !limited {
			continue
		}
		if held, ok := proc.Throttled(pid); ok {
			ch <- prometheus.MustNewConstMetric(heldDesc, prometheus.CounterValue, held.Seconds(), service)
		}
	}
	for service, bytes := range p.readMemory(pids) {
		ch <- prometheus.MustNewConstMetric(memoryDesc, prometheus.GaugeValue, float64(bytes), service)
	}
}

// named gives the services the names that metrics know them by: the primary is
// simply postgres there.
func named(pids map[string]int) map[string]int {
	if pid, ok := pids["primary"]; ok {
		delete(pids, "primary")
		pids["postgres"] = pid
	}
	return pids
}

func (p *processes) readMemory(pids map[string]int) map[string]uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.readAt) < memoryEvery && len(p.memory) == len(pids) {
		return maps.Clone(p.memory)
	}
	p.readAt = time.Now()
	clear(p.memory)
	for service, pid := range pids {
		read := proc.PSS
		if service == supervisor {
			read = proc.OwnPSS
		}
		if bytes, ok := read(pid); ok {
			p.memory[service] = bytes
		}
	}
	return maps.Clone(p.memory)
}
