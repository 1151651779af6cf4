//go:build e2e

package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Prometheus has loaded the rules, they have values, and what the backend and the lab
// serve is what promtool takes for well-formed metrics.
func TestRulesAreLoadedAndMetricsAreWellFormed(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	prometheus := *c.status().URLs["prometheus"]
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, Type string }
			}
		}
	}
	eventually(t, "every rule is evaluated", 30*time.Second, func() bool {
		must(t, json.Unmarshal([]byte(fetch(t, prometheus+"/api/v1/rules")), &rules))
		n := 0
		for _, group := range rules.Data.Groups {
			for _, rule := range group.Rules {
				if rule.Health == "err" {
					t.Fatalf("rule %s fails", rule.Name)
				}
				if rule.Health == "ok" {
					n++
				}
			}
		}
		return n == 10
	})
	eventually(t, "both servers have a ratio of connections", 30*time.Second, func() bool {
		return ask(t, prometheus, `count(postgres:connections:ratio) or vector(0)`) == 2
	})
	var targets struct {
		Data struct {
			ActiveTargets []struct {
				ScrapeURL string `json:"scrapeUrl"`
				Labels    map[string]string
			}
		}
	}
	must(t, json.Unmarshal([]byte(fetch(t, prometheus+"/api/v1/targets")), &targets))
	checked := 0
	for _, target := range targets.Data.ActiveTargets {
		if job := target.Labels["job"]; job != "app" && job != "lab" {
			continue
		}
		checked++
		check := exec.Command(promtool(), "check", "metrics")
		check.Stdin = strings.NewReader(fetch(t, target.ScrapeURL))
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("promtool check metrics on %s: %v\n%s", target.Labels["job"], err, out)
		}
	}
	if checked != 2 {
		t.Errorf("%d of the backend's and the lab's metrics were checked", checked)
	}
}

// promtool is what `lab setup` has built, or in the Nix shell the one on PATH.
func promtool() string {
	if built := filepath.Join(source, ".lab", "tools", "bin", "promtool"); exists(built) {
		return built
	}
	return "promtool"
}
