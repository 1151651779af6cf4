package stack

import (
	"context"
	"os"
	"path/filepath"

	"stormwave/lab/internal/stack/proc"
)

func (s *Stack) grafana() service {
	home := filepath.Join(s.layout.Lab, "grafana")
	return service{
		name: Grafana, program: "grafana", needs: []string{Prometheus},
		prepare: func(context.Context) error { return os.MkdirAll(home, 0o700) },
		spec: func() proc.Spec {
			return proc.Spec{
				Name: Grafana, Path: s.tools.Path("grafana"), Log: s.layout.Log(Grafana),
				Args: []string{"server", "--homepath", grafanaHome()},
				Env: append(s.serviceEnv(),
					"GF_SERVER_HTTP_ADDR=127.0.0.1", "GF_SERVER_HTTP_PORT="+portOf(s.addrs[Grafana]),
					"GF_PATHS_DATA="+home, "GF_PATHS_LOGS="+home, "GF_PATHS_PROVISIONING="+filepath.Join(s.layout.Root, "dashboards", "provisioning"),
					"GF_AUTH_ANONYMOUS_ENABLED=true", "GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer", "GF_SECURITY_ADMIN_PASSWORD="+s.secrets[poolerAdmin],
					"GF_ANALYTICS_REPORTING_ENABLED=false", "GF_ANALYTICS_CHECK_FOR_UPDATES=false", "GF_LOG_LEVEL=warn",
					"LAB_PROMETHEUS_URL=http://"+s.addrs[Prometheus], "LAB_DASHBOARDS="+filepath.Join(s.layout.Root, "dashboards")),
			}
		},
		ready: func(ctx context.Context) error { return answers(ctx, "http://"+s.addrs[Grafana]+"/api/health") },
	}
}

// grafanaHome is where Grafana keeps its pages: the Nix shell tells, packages put
// them in the usual place.
func grafanaHome() string {
	if home := os.Getenv("LAB_GRAFANA_HOME"); home != "" {
		return home
	}
	return "/usr/share/grafana"
}
