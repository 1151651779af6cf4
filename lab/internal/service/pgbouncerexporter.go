package service

import (
	"context"
	"fmt"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// BouncerExporter tells of PgBouncer's pools.
const BouncerExporter = "pgbouncer-exporter"

func pgbouncerExporter() Service {
	return Service{
		Name:    BouncerExporter,
		Program: "pgbouncer_exporter",
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
