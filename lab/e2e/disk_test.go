//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// small mounts a file system of that size ("256k") at a directory of the checkout.
func (c *checkout) small(dir, size string) {
	c.t.Helper()
	if os.Geteuid() != 0 {
		c.t.Fatal("a small file system takes root to mount: run the tests as root")
	}
	must(c.t, os.MkdirAll(dir, 0o700))
	must(c.t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size))
	c.t.Cleanup(func() { must(c.t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
}

// A disk that fills up while a run is recorded stops it, resumable: what is recorded
// stays whole, and with room it goes on to its end.
func TestDiskFullWhileRecording(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	results := filepath.Join(c.root, "results")
	c.small(results, "64k")
	spec := filepath.Join(c.root, "short.yaml")
	must(t, os.WriteFile(spec, []byte(strings.Replace(shortTrials, "blocks: 30", "blocks: 3", 1)), 0o600))
	c.lab("up")
	r := c.run("run", spec)
	if r.status != 1 || !strings.Contains(r.stderr, "no space left on device") ||
		!strings.Contains(r.stderr, "lab resume") {
		t.Fatalf("exit status %d, %q; want 1, no space, and how to go on", r.status, r.stderr)
	}
	run := c.runs()[0]
	text, err := os.ReadFile(filepath.Join(run, "records.jsonl"))
	must(t, err)
	before := records(t, run) // each line is whole, or this fails
	if len(before) == 0 || len(before) == 6 {
		t.Fatalf("%d records; the disk was to fill up in the middle", len(before))
	}
	must(t, syscall.Mount("tmpfs", results, "tmpfs", syscall.MS_REMOUNT, "size=64m"))
	if r := c.run("resume", filepath.Base(run)); r.status != 0 && r.status != 3 {
		t.Fatalf("resume: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	after, err := os.ReadFile(filepath.Join(run, "records.jsonl"))
	must(t, err)
	if !strings.HasPrefix(string(after), string(text)) {
		t.Error("what was recorded before has changed")
	}
	if all := records(t, run); len(all) < 6 {
		t.Errorf("%d records; want at least those of 6 trials", len(all))
	}
}

// A disk that fills up under Prometheus costs the trial, if it costs a metric, and
// else what is kept for `lab open`; either is told.
func TestDiskFullUnderPrometheus(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.small(filepath.Join(c.root, ".lab", "prometheus"), "3m")
	spec := filepath.Join(c.root, "short.yaml")
	must(t, os.WriteFile(spec, []byte(strings.Replace(shortTrials, "blocks: 30", "blocks: 2", 1)), 0o600))
	r := c.run("run", spec)
	invalid := 0
	for _, run := range c.runs() {
		for _, rec := range records(t, run) {
			if rec.Verdict != "invalid" {
				continue
			}
			invalid++
			if len(rec.Reasons) == 0 {
				t.Errorf("trial %d is invalid without a reason", rec.N)
			}
		}
	}
	if told := strings.Contains(r.stdout, "keep Prometheus' data") &&
		strings.Contains(r.stdout, "the records are whole"); invalid == 0 && !told {
		t.Errorf(
			"exit status %d, no invalid trial, %s%s; want it told that Prometheus could not write", r.status, r.stdout, r.stderr,
		)
	}
	if invalid > 0 && r.status != 3 {
		t.Errorf("exit status %d with %d invalid trials; want 3\n%s", r.status, invalid, r.stderr)
	}
}

// A disk that fills up under PostgreSQL's WAL ends the server, which costs the
// trial. With room again the next one has a server that has recovered.
func TestDiskFullUnderWAL(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	data := filepath.Join(c.home(), "data")
	c.small(data, "2g")
	spec := filepath.Join(c.root, "short.yaml")
	must(t, os.WriteFile(spec, []byte(shortTrials), 0o600))
	run := c.watch("run", "--json", spec)
	run.await("shot")
	run.await("live")
	filler := filepath.Join(data, "filler")
	c.fill(filler, 4<<20) // room for nothing like a segment of WAL
	const fillWAL = `DO $$ BEGIN FOR i IN 1..200 LOOP
		PERFORM pg_logical_emit_message(false, 'fill', repeat('x', 1000)); PERFORM pg_switch_wal();
	END LOOP; END $$`
	if r := c.run("psql", "primary", "--", "-c", fillWAL); r.status == 0 {
		t.Error("200 segments of WAL had room; want the disk full")
	}
	eventually(t, "the primary has ended", 20*time.Second, func() bool { return c.pid("primary") == 0 })
	must(t, os.Remove(filler))
	hit := run.await("shot")
	if reasons := strings.Join(hit.Reasons, "; "); hit.Verdict != "failed" ||
		!strings.Contains(reasons, "primary ended with") || !strings.Contains(reasons, "No space left on device") {
		t.Errorf("trial %d is %s (%s); want it failed, for the primary had no room", hit.N, hit.Verdict, reasons)
	}
	run.await("shot") // the replica may still be on its way back
	if whole := run.await("shot"); isSpoilt(whole.Verdict) {
		t.Errorf("trial %d is %s still: %v", whole.N, whole.Verdict, whole.Reasons)
	}
	must(t, syscall.Kill(run.pid(), syscall.SIGINT))
	if got := run.exit(); got != 130 {
		t.Errorf("exit status = %d; want 130", got)
	}
}

// fill takes all the room of a file system but so many bytes.
func (c *checkout) fill(file string, but int64) {
	c.t.Helper()
	f, err := os.Create(file)
	must(c.t, err)
	defer func() { must(c.t, f.Close()) }()
	var fs syscall.Statfs_t
	must(c.t, syscall.Statfs(filepath.Dir(file), &fs))
	must(c.t, syscall.Fallocate(int(f.Fd()), 0, 0, int64(fs.Bavail)*fs.Bsize-but))
}
