package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A link among a run's files does not lead out of the results; one within them may.
func TestReadersFollowNoLinkOutOfTheResults(t *testing.T) {
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) {
			dir, outside := runDir(t)
			path, secret := reader.path(dir), filepath.Join(outside, "file")
			mustWrite(t, secret, reader.good(t))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, target := range []string{
				secret, strings.Repeat("../", strings.Count(path, "/")-strings.Count(outside, "/")+1) + "outside/file",
			} {
				if err := os.Symlink(target, path); err != nil {
					t.Fatal(err)
				}
				if err := reader.read(path); err == nil || !strings.Contains(err.Error(), "escapes") {
					t.Errorf("by a link to %s: %v, want that it escapes", target, err)
				}
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			mustWrite(t, filepath.Join(dir.Path(), "elsewhere"), reader.good(t))
			within, err := filepath.Rel(filepath.Dir(path), filepath.Join(dir.Path(), "elsewhere"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(within, path); err != nil {
				t.Fatal(err)
			}
			if err := reader.read(path); err != nil {
				t.Errorf("by a link within the results: %v", err)
			}
			// A directory on the way may be a link too.
			if err := os.RemoveAll(dir.Path()); err != nil {
				t.Fatal(err)
			}
			below, err := filepath.Rel(dir.Path(), path)
			if err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(outside, below)
			if err := os.MkdirAll(filepath.Dir(other), 0o755); err != nil {
				t.Fatal(err)
			}
			mustWrite(t, other, reader.good(t))
			if err := os.Symlink(outside, dir.Path()); err != nil {
				t.Fatal(err)
			}
			if err := reader.read(path); err == nil || !strings.Contains(err.Error(), "escapes") {
				t.Errorf("by a link for the run's directory: %v, want that it escapes", err)
			}
		})
	}
}

// Nothing is written where a link leads, and what lay there stays.
func TestWritersFollowNoLinkOutOfTheResults(t *testing.T) {
	dir, outside := runDir(t)
	victim := filepath.Join(outside, "victim")
	mustWrite(t, victim, []byte("precious"))
	write := func() error { return WriteFile(filepath.Join(dir.Plots(), "victim"), []byte("x")) }

	if err := os.Symlink(outside, dir.Plots()); err != nil {
		t.Fatal(err)
	}
	if err := write(); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("into a linked directory: %v, want that it escapes", err)
	}
	if err := os.Symlink(outside, filepath.Dir(dir.Series(1))); err != nil {
		t.Fatal(err)
	}
	if err := WriteSeries(
		dir.Series(1), Series{Start: time.Now(), Step: 1},
	); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("curves into a linked directory: %v, want that it escapes", err)
	}
	// A linked file is replaced, not followed.
	if err := os.Symlink(victim, dir.Plan()); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(dir.Plan(), []byte("plan")); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(dir.Plan()); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the plan is %v, %v; want a file", info, err)
	}
	if err := os.Symlink(victim, dir.Records()); err != nil {
		t.Fatal(err)
	}
	if log, err := Open(dir.Records()); err == nil {
		t.Errorf("records are appended to what a link leads to: %v", log.Close())
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "precious" {
		t.Errorf("outside now holds %q, %v", got, err)
	}
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are outside, %v; want the one", len(entries), err)
	}
}

func TestWriteBelowRefusesWhatIsNotBelow(t *testing.T) {
	dir, outside := runDir(t)
	results := filepath.Dir(dir.Path())
	for _, name := range []string{
		"../outside/x", testRun + "/../../outside/x", filepath.Join(outside, "x"), "..", "", "a\x00b",
	} {
		if err := WriteBelow(results, name, []byte("x")); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("%d files are outside, %v", len(entries), err)
	}
	if err := WriteBelow(results, testRun+"/plots/a.svg", []byte("x")); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir.Plots(), "a.svg")); err != nil || string(got) != "x" {
		t.Errorf("read back %q, %v", got, err)
	}
}
