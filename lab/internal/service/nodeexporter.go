package service

import (
	"regexp"

	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// NodeExporter tells of the machine.
const NodeExporter = "node-exporter"

var nodeExporterProgram = toolchain.Requirement{
	Name:      "node_exporter",
	Others:    []string{"prometheus-node-exporter"},
	Role:      toolchain.ForLab,
	Min:       toolchain.Version{1, 8},
	Module:    "github.com/prometheus/node_exporter",
	Ask:       []string{"--version"},
	Answer:    regexp.MustCompile(`^(?:prometheus-)?node[_-]exporter, version (\S+)`),
	Debian:    &toolchain.DebianPackage{Name: "prometheus-node-exporter", Unpack: "usr/bin/prometheus-node-exporter"},
	GoPackage: "github.com/prometheus/node_exporter",
}

func nodeExporter() Service {
	return Service{
		Name:    NodeExporter,
		Program: nodeExporterProgram,
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
