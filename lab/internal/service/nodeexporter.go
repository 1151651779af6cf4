package service

import "stormwave/lab/internal/stack/proc"

// NodeExporter tells of the machine.
const NodeExporter = "node-exporter"

func nodeExporter() Service {
	return Service{
		Name:    NodeExporter,
		Program: "node_exporter",
		Scrape:  Scrape{Job: "node"},
		Process: func(e *Env) proc.Spec {
			// Only what the reports read: a scrape each second must cost little.
			args := []string{
				"--web.listen-address=" + e.Addrs[NodeExporter],
				"--log.level=error",
				"--web.disable-exporter-metrics",
				"--collector.disable-defaults",
			}
			for _, collector := range []string{
				"cpu", "diskstats", "loadavg", "meminfo", "netdev", "pressure", "stat", "vmstat",
			} {
				args = append(args, "--collector."+collector)
			}
			return proc.Spec{Args: args}
		},
		Ready: exports(NodeExporter, "node_cpu_seconds_total"),
	}
}
