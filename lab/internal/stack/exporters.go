package stack

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// labExporter is the supervisor's own exporter, no process of its own.
const labExporter = "lab"

// labPage is the supervisor's live page, no process of its own.
const labPage = "lab-page"

func (s *Stack) nodeExporter() service {
	return service{
		name: NodeExporter, program: "node_exporter",
		spec: func() proc.Spec {
			// Only what the reports read: a scrape each second must cost little.
			args := []string{"--web.listen-address=" + s.addrs[NodeExporter], "--log.level=error", "--web.disable-exporter-metrics", "--collector.disable-defaults"}
			for _, collector := range []string{"cpu", "diskstats", "loadavg", "meminfo", "netdev", "pressure", "stat", "vmstat"} {
				args = append(args, "--collector."+collector)
			}
			return proc.Spec{
				Name: NodeExporter, Path: s.tools.Path("node_exporter"), Args: args, Env: s.serviceEnv(), Log: s.layout.Log(NodeExporter), CPUs: s.cpus["exporters"],
			}
		},
		ready: s.scrapes(NodeExporter, "node_cpu_seconds_total"),
	}
}

// postgresExporter watches one server. It logs in anew at each scrape, which an
// unlimited storm refuses: what the reports need comes from the lab's own
// exporter, this one serves the dashboards that people know.
func (s *Stack) postgresExporter(name, server string) service {
	password := filepath.Join(s.layout.Lab, "monitor.password")
	return service{
		name: name, program: "postgres_exporter", needs: []string{server},
		prepare: func(context.Context) error { return writePrivate(password, s.secrets[monitorRole]) },
		spec: func() proc.Spec {
			return proc.Spec{
				Name: name, Path: s.tools.Path("postgres_exporter"), Log: s.layout.Log(name), CPUs: s.cpus["exporters"],
				Args: []string{"--web.listen-address=" + s.addrs[name], "--log.level=error", "--collector.stat_statements", "--no-collector.wal", "--disable-settings-metrics"},
				Env: append(s.serviceEnv(), "DATA_SOURCE_URI="+s.addrs[server]+"/"+database+"?sslmode=disable&connect_timeout=1",
					"DATA_SOURCE_USER="+monitorRole, "DATA_SOURCE_PASS_FILE="+password),
			}
		},
		ready: s.scrapes(name, "pg_up 1"),
	}
}

func (s *Stack) pgbouncerExporter() service {
	return service{
		name: BouncerExporter, program: "pgbouncer_exporter", needs: []string{PgBouncer},
		spec: func() proc.Spec {
			return proc.Spec{
				Name: BouncerExporter, Path: s.tools.Path("pgbouncer_exporter"), Log: s.layout.Log(BouncerExporter), CPUs: s.cpus["exporters"],
				Args: []string{"--web.listen-address=" + s.addrs[BouncerExporter], "--log.level=error"},
				// In the environment, for arguments can be read by everybody.
				Env: append(s.serviceEnv(), fmt.Sprintf("PGBOUNCER_EXPORTER_CONNECTION_STRING=postgres://%s:%s@%s/pgbouncer?sslmode=disable&connect_timeout=1",
					monitorRole, s.secrets[monitorRole], s.addrs[PgBouncer])),
			}
		},
		ready: s.scrapes(BouncerExporter, "pgbouncer_up 1"),
	}
}

// scrapes means: the service's metrics hold this text.
func (s *Stack) scrapes(name, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		body, err := get(ctx, "http://"+s.addrs[name]+"/metrics")
		if err != nil {
			return err
		}
		if !strings.Contains(body, "\n"+text) {
			return fmt.Errorf("the metrics of %s hold no %q", name, text)
		}
		return nil
	}
}
