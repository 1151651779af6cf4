package service

import (
	"context"
	"os"
	"path/filepath"
	"regexp"

	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// Grafana shows the dashboards.
const Grafana = "grafana"

var grafanaProgram = toolchain.Requirement{
	Name:   "grafana",
	Home:   "LAB_GRAFANA_HOME",
	Role:   toolchain.Optional,
	Ask:    []string{"--version"},
	Answer: regexp.MustCompile(`^grafana version (\S+)`),
}

func grafana() Service {
	return Service{
		Name:    Grafana,
		Program: grafanaProgram,
		Needs:   []string{Prometheus},
		Prepare: func(_ context.Context, e *Env) error { return os.MkdirAll(e.grafanaData(), 0o700) },
		Process: func(e *Env) proc.Spec {
			dashboards := filepath.Join(e.Layout.Root, "dashboards")
			return proc.Spec{
				Args: []string{"server", "--homepath", grafanaHome()},
				Env: []string{
					"GF_SERVER_HTTP_ADDR=127.0.0.1",
					"GF_SERVER_HTTP_PORT=" + portOf(e.Addrs[Grafana]),
					"GF_PATHS_DATA=" + e.grafanaData(),
					"GF_PATHS_LOGS=" + e.grafanaData(),
					"GF_PATHS_PROVISIONING=" + filepath.Join(dashboards, "provisioning"),
					"GF_AUTH_ANONYMOUS_ENABLED=true",
					"GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer",
					"GF_SECURITY_ADMIN_PASSWORD=" + e.secrets[poolerAdmin],
					"GF_ANALYTICS_REPORTING_ENABLED=false",
					"GF_ANALYTICS_CHECK_FOR_UPDATES=false",
					"GF_LOG_LEVEL=warn",
					"LAB_PROMETHEUS_URL=http://" + e.Addrs[Prometheus],
					"LAB_PROMETHEUS_USER=" + prometheusUser,
					"LAB_PROMETHEUS_PASSWORD=" + e.secrets[prometheusUser],
					"LAB_DASHBOARDS=" + dashboards,
				},
			}
		},
		Ready: answers(Grafana, "/api/health"),
	}
}

func (e *Env) grafanaData() string { return filepath.Join(e.Layout.Lab, "grafana") }

// grafanaHome is where Grafana keeps its pages: the Nix shell tells, packages put
// them in the usual place.
func grafanaHome() string {
	if home := os.Getenv(grafanaProgram.Home); home != "" {
		return home
	}
	return "/usr/share/grafana"
}
