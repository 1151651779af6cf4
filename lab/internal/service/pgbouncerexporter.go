package service

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// BouncerExporter tells of PgBouncer's pools.
const BouncerExporter = "pgbouncer-exporter"

// Debian's prometheus-pgbouncer-exporter is another program: not looked for.
var bouncerExporterProgram = toolchain.Requirement{
	Name:      "pgbouncer_exporter",
	Role:      toolchain.ForLab,
	Min:       toolchain.Version{0, 10},
	Module:    "github.com/prometheus-community/pgbouncer_exporter",
	Ask:       []string{"--version"},
	Answer:    regexp.MustCompile(`^pgbouncer_exporter, version (\S+)`),
	GoPackage: "github.com/prometheus-community/pgbouncer_exporter",
}

func pgbouncerExporter() Service {
	return Service{
		Name:    BouncerExporter,
		Program: bouncerExporterProgram,
		Needs:   []string{PgBouncer},
		Scrape:  Scrape{Job: "pgbouncer"},
		Process: func(e *Env) proc.Spec {
			return proc.Spec{
				Args: []string{"--web.listen-address=" + e.Addrs[BouncerExporter], "--log.level=error"},
				// In the environment, for arguments can be read by everybody.
				Env: []string{fmt.Sprintf(
					"PGBOUNCER_EXPORTER_CONNECTION_STRING=postgres://%s:%s@%s/pgbouncer?sslmode=disable&connect_timeout=1",
					monitorRole, e.secrets[monitorRole], e.Addrs[PgBouncer])},
			}
		},
		Ready: exports(BouncerExporter, "pgbouncer_up 1"),
	}
}

// exports is ready where the service's metrics hold this text.
func exports(name, text string) func(context.Context, *Env) error {
	return func(ctx context.Context, e *Env) error {
		body, err := Get(ctx, e.URL(name)+"/metrics")
		if err != nil {
			return err
		}
		if !strings.Contains(body, "\n"+text) {
			return fmt.Errorf("the metrics of %s hold no %q", name, text)
		}
		return nil
	}
}
