package stack

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"stormwave/lab/internal/stack/proc"
)

//go:embed conf/prometheus.yml.tmpl
var prometheusConf string

var prometheusTemplate = template.Must(template.New("prometheus.yml").Option("missingkey=error").Parse(prometheusConf))

// scrapeJob is what Prometheus scrapes under one name.
type scrapeJob struct {
	Name    string
	Every   time.Duration
	Targets []scrapeTarget
}

// A record's figures need a sample each second. What only dashboards and people read
// is scraped seldom, for each scrape takes CPU time from what is measured: Prometheus'
// own page holds a thousand series, and postgres_exporter logs in anew each time.
const (
	forRecords = time.Second
	forPeople  = 5 * time.Second
)

type scrapeTarget struct{ Addr, Instance, Server string }

func (s *Stack) scrapeJobs() []scrapeJob {
	if s.archive || s.blind {
		return nil
	}
	target := func(service, server string) scrapeTarget { return scrapeTarget{s.addrs[service], service, server} }
	return []scrapeJob{
		{"app", forRecords, []scrapeTarget{target(App, "")}},
		{"lab", forRecords, []scrapeTarget{target(labExporter, "")}},
		{"node", forRecords, []scrapeTarget{target(NodeExporter, "")}},
		{"postgres", forPeople, []scrapeTarget{target(PostgresExporter, Primary), target(ReplicaExporter, Replica)}},
		{"pgbouncer", forRecords, []scrapeTarget{target(BouncerExporter, "")}},
		{"prometheus", forPeople, []scrapeTarget{target(Prometheus, "")}},
	}
}

func (s *Stack) prometheus() service {
	data := filepath.Join(s.layout.Lab, "prometheus")
	config := filepath.Join(data, "prometheus.yml")
	return service{
		name: Prometheus, program: "prometheus",
		prepare: func(context.Context) error {
			if err := os.MkdirAll(data, 0o700); err != nil {
				return err
			}
			return s.writePrometheusConf(config)
		},
		spec: func() proc.Spec {
			return proc.Spec{
				Name: Prometheus, Path: s.tools.Path("prometheus"), Env: s.serviceEnv(), Dir: data, Log: s.layout.Log(Prometheus), CPUs: s.cpus[Prometheus],
				Args: []string{"--config.file=" + config, "--storage.tsdb.path=" + s.layout.TSDB(), "--storage.tsdb.retention.time=" + s.retention(),
					"--web.listen-address=" + s.addrs[Prometheus], "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--log.level=warn",
					"--scrape.discovery-reload-interval=100ms"},
			}
		},
		ready: func(ctx context.Context) error { return answers(ctx, "http://"+s.addrs[Prometheus]+"/-/ready") },
	}
}

func (s *Stack) writePrometheusConf(path string) error {
	var text strings.Builder
	if err := prometheusTemplate.Execute(&text, map[string]any{"Jobs": s.scrapeJobs(), "Rules": s.rules()}); err != nil {
		return err
	}
	return writePrivate(path, text.String())
}

// rules is the file of rules; an archive holds what they gave, and evaluates none.
func (s *Stack) rules() string {
	if s.archive {
		return ""
	}
	return escapeGlob(filepath.Join(s.layout.Root, "dashboards", "rules", "stormwave.yaml"))
}

// escapeGlob writes a path as a pattern that matches this path alone.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func (s *Stack) retention() string {
	if s.archive {
		return forEver
	}
	return "30d"
}

// answers reports whether the URL is answered with 200.
func answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
