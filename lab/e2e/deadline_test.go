//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A process that is suspended in mid-trial, and does not wake up, is noticed by a
// deadline: the trial is invalid, or failed if nobody was served for it, and the next one has a stack that answers.
func TestSuspendedProcessesAreNoticed(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	spec := filepath.Join(c.root, "short.yaml")
	// a request to a suspended server ends by this
	impatient := strings.Replace(shortTrials, "settings: {", "settings: {scenario.HTTP_TIMEOUT: 3s, ", 1)
	must(t, os.WriteFile(spec, []byte(impatient), 0o600))
	run := c.watch("run", "--json", spec)
	run.await("shot")
	for _, victim := range []string{"primary", "prometheus", "k6"} {
		run.await("live")
		pid := c.pid(victim)
		if victim == "k6" {
			pid = child(t, run.pid(), "k6")
		}
		for _, one := range append(children(t, pid), pid) {
			must(t, syscall.Kill(one, syscall.SIGSTOP))
		}
		hit := run.await("shot")
		if want := verdictOf(victim); hit.Verdict != "invalid" && hit.Verdict != want || len(hit.Reasons) == 0 {
			t.Errorf("%s suspended: trial %d is %s, %v; want it %s, and why", victim, hit.N, hit.Verdict, hit.Reasons, want)
		}
		t.Logf("%s suspended: %s", victim, strings.Join(hit.Reasons, "; "))
		whole := run.await("shot")
		if isSpoilt(whole.Verdict) { // it may have begun while the silent one was brought back
			whole = run.await("shot")
		}
		if isSpoilt(whole.Verdict) {
			t.Errorf("%s suspended: trial %d is %s still: %v", victim, whole.N, whole.Verdict, whole.Reasons)
		}
	}
	must(t, syscall.Kill(run.pid(), syscall.SIGINT))
	if got := run.exit(); got != 130 {
		t.Errorf("exit status = %d; want 130", got)
	}
}
