//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// checkArchive opens a run and asks its Prometheus for what k6 had sent in each trial.
func (c *checkout) checkArchive(run string, all []rec) {
	c.t.Helper()
	cmd := c.command("open", run)
	out, err := cmd.StdoutPipe()
	must(c.t, err)
	cmd.Stderr = os.Stderr
	must(c.t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	stop := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	links := map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.HasPrefix(lines.Text(), "Ctrl-C"); {
		if fields := strings.Fields(lines.Text()); len(fields) == 2 {
			links[fields[0]] = fields[1]
		}
	}
	link, err := url.Parse(links["prometheus"])
	must(c.t, err)
	if link.Query().Get("g0.end_input") == "" || link.Query().Get("g0.range_input") == "" {
		c.t.Errorf("the link %s does not set the time of the run", link)
	}
	if page := fetch(c.t, links["page"]); !strings.Contains(page, run) || !strings.Contains(page, "<svg") {
		c.t.Errorf("the page shows neither the run nor its charts: %.500s", page)
	}
	for _, r := range all {
		query := fmt.Sprintf(
			`sum(last_over_time(k6_http_reqs_total{shot="%d"}[1h] @ %d))`, r.N, r.End.Add(10*time.Second).Unix(),
		)
		if got, want := ask(c.t, "http://"+link.Host, query), r.Load.Requests+r.Load.SetupRequests; got != want {
			c.t.Errorf("trial %d: the archive holds %.0f requests; k6 sent %.0f", r.N, got, want)
		}
	}
	must(c.t, cmd.Process.Signal(syscall.SIGINT))
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 0 {
		c.t.Errorf("lab open: exit status %d after Ctrl-C; want 0, for so it is meant to end", cmd.ProcessState.ExitCode())
	}
	if left, _ := filepath.Glob(filepath.Join(c.root, ".lab", "open-*")); len(left) > 0 {
		c.t.Errorf("lab open has left %v", left)
	}
}
