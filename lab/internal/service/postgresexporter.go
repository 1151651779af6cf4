package service

import (
	"context"
	"path/filepath"
	"regexp"

	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// The exporters of the servers' statistics, one for each.
const (
	PostgresExporter = "postgres-exporter"
	ReplicaExporter  = "replica-exporter"
)

var postgresExporterProgram = toolchain.Requirement{
	Name:   "postgres_exporter",
	Others: []string{"prometheus-postgres-exporter"},
	Role:   toolchain.ForLab,
	Min:    toolchain.Version{0, 15},
	Below:  toolchain.Version{0, 20}, // renames metrics that the snapshot reads
	Module: "github.com/prometheus-community/postgres_exporter",
	Ask:    []string{"--version"},
	Answer: regexp.MustCompile(`^(?:prometheus-)?postgres[_-]exporter, version (\S+)`),
	Debian: &toolchain.DebianPackage{
		Name:   "prometheus-postgres-exporter",
		Unpack: "usr/bin/prometheus-postgres-exporter",
	},
	GoPackage: "github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter",
}

// postgresExporter watches one server. It logs in anew at each scrape, which an
// unlimited storm refuses: what the reports need comes from the lab's own
// exporter, this one serves the dashboards that people know.
func postgresExporter(name, server string) Service {
	password := func(e *Env) string { return filepath.Join(e.Layout.Lab, "monitor.password") }
	return Service{
		Name:    name,
		Program: postgresExporterProgram,
		Needs:   []string{server},
		Scrape:  Scrape{Job: "postgres", Server: server, ForPeople: true},
		Prepare: func(_ context.Context, e *Env) error { return writePrivate(password(e), e.secrets[monitorRole]) },
		Process: func(e *Env) proc.Spec {
			return proc.Spec{
				Args: []string{
					"--web.listen-address=" + e.Addrs[name],
					"--log.level=error",
					"--collector.stat_statements",
					"--no-collector.wal",
					"--disable-settings-metrics",
				},
				Env: []string{
					"DATA_SOURCE_URI=" + e.Addrs[server] + "/" + Database + "?sslmode=disable&connect_timeout=1",
					"DATA_SOURCE_USER=" + monitorRole,
					"DATA_SOURCE_PASS_FILE=" + password(e),
				},
			}
		},
		Ready: exports(name, "pg_up 1"),
	}
}
