package service

import (
	"context"
	"path/filepath"

	"stormwave/lab/internal/stack/proc"
)

// The exporters of the servers' statistics, one for each.
const (
	PostgresExporter = "postgres-exporter"
	ReplicaExporter  = "replica-exporter"
)

// postgresExporter watches one server. It logs in anew at each scrape, which an
// unlimited storm refuses: what the reports need comes from the lab's own
// exporter, this one serves the dashboards that people know.
func postgresExporter(name, server string) Service {
	password := func(e *Env) string { return filepath.Join(e.Layout.Lab, "monitor.password") }
	return Service{
		Name:    name,
		Program: "postgres_exporter",
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
