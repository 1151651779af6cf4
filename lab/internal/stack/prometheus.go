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

// rulesFile is the copy of the alerting rules beside Prometheus' configuration.
const rulesFile = "rules.yml"

// prometheus runs in the directory of its files and knows them by their names alone: it
// takes a path of rules for a pattern, and refuses one with a star.
func (s *Stack) prometheus() service {
	data := filepath.Dir(s.layout.TSDB())
	return service{
		name: Prometheus, program: "prometheus",
		prepare: func(context.Context) error {
			if err := os.MkdirAll(data, 0o700); err != nil {
				return err
			}
			return s.writePrometheusConf()
		},
		spec: func() proc.Spec {
			return proc.Spec{
				Name: Prometheus, Path: s.tools.Path("prometheus"), Env: s.serviceEnv(), Dir: data, Log: s.layout.Log(Prometheus), CPUs: s.cpus[Prometheus],
				Args: []string{"--config.file=" + prometheusConfFile, "--storage.tsdb.path=" + filepath.Base(s.layout.TSDB()),
					"--storage.tsdb.retention.time=" + s.retention(),
					"--web.listen-address=" + s.addrs[Prometheus], "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--log.level=warn",
					"--scrape.discovery-reload-interval=100ms"},
			}
		},
		ready: func(ctx context.Context) error { return answers(ctx, "http://"+s.addrs[Prometheus]+"/-/ready") },
	}
}

// prometheusConfFile is its configuration, in the directory of its files.
const prometheusConfFile = "prometheus.yml"

// writePrometheusConf writes the configuration, and the rules beside it. An archive holds
// what they gave, and evaluates none.
func (s *Stack) writePrometheusConf() error {
	var rules []string
	beside := filepath.Dir(s.layout.TSDB())
	if !s.archive {
		text, err := os.ReadFile(filepath.Join(s.layout.Root, "dashboards", "rules", "stormwave.yaml"))
		if err != nil {
			return err
		}
		if err := writePrivate(filepath.Join(beside, rulesFile), string(text)); err != nil {
			return err
		}
		rules = []string{rulesFile}
	}
	var text strings.Builder
	if err := prometheusTemplate.Execute(&text, map[string]any{"Jobs": s.scrapeJobs(), "Rules": rules}); err != nil {
		return err
	}
	return writePrivate(filepath.Join(beside, prometheusConfFile), text.String())
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
