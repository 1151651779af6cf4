package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
)

// tree lists every file below a directory, with its size.
func tree(t *testing.T, root string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			all = append(all, fmt.Sprintf("%s %v %d", path, info.Mode(), info.Size()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A run is one of those below results/, or there is none of that name.
func TestNoCommandLeavesTheResults(t *testing.T) {
	root := checkout(t)
	dir := writeRun(t, root, runName, smallSpec)
	outside := filepath.Join(root, "outside", runName)
	if err := os.CopyFS(outside, os.DirFS(dir.Path())); err != nil {
		t.Fatal(err)
	}
	linked := "2026-11-23T0916Z-linked"
	if err := os.Symlink(outside, filepath.Join(root, "results", linked)); err != nil {
		t.Fatal(err)
	}
	before := tree(t, root)
	for _, name := range []string{
		"", ".", "..", "../outside/" + runName, outside, runName + "/../../outside/" + runName, runName + "/", "./" + runName,
		runName + "\x00", linked, "-",
	} {
		for _, command := range [][]string{{"report"}, {"verify"}, {"resume"}, {"open"}, {"diagnose"}, {"compare", runName}} {
			if _, stderr, status := run(t, root, append(command, name)...); status != statusUsage {
				t.Errorf("lab %s %q: exit status %d, %s; want %d", command, name, status, stderr, statusUsage)
			}
		}
	}
	if after := tree(t, root); !slices.Equal(before, after) {
		t.Errorf("files before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

// A link inside of a run's directory leads no report out of it.
func TestReportIsNotWrittenThroughLinks(t *testing.T) {
	root := checkout(t)
	dir := writeRun(t, root, runName, smallSpec)
	victim := filepath.Join(root, "victim")
	write(t, victim, "precious")
	for _, path := range []string{dir.Report(), dir.Bench(), record.Index(filepath.Join(root, "results"))} {
		if err := os.Symlink(victim, path); err != nil {
			t.Fatal(err)
		}
	}
	if _, stderr, status := run(t, root, "report", runName); status != 0 {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	if got := string(readAll(t, victim)); got != "precious" {
		t.Errorf("the victim now holds %.100q", got)
	}
}

// The plan of a run is a file that could have been changed: it is held against what a
// spec may do before anything is started for it.
func TestResumeStartsNothingForAHostilePlan(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*matrix.Plan)
		want   string
	}{
		"a command of the server": {
			func(p *matrix.Plan) { p.Cells[1].Settings["postgres.archive_command"] = "touch pwned" }, "it runs a program",
		},
		"an option of git": {
			func(p *matrix.Plan) { p.Cells[1].Settings[matrix.Backend] = "--upload-pack=touch pwned" }, "backend is",
		},
		"a library of k6": {
			func(p *matrix.Plan) { p.Cells[1].Settings["scenario.LD_PRELOAD"] = "/tmp/x.so" }, "runtime",
		},
		"a script elsewhere": {func(p *matrix.Plan) {
			p.Scenarios[0].Name = "../evil"
			for i := range p.Trials {
				p.Trials[i].Scenario.Name = "../evil"
			}
		}, `scenario "../evil"`},
		"a script that is not there": {func(p *matrix.Plan) {
			p.Scenarios[0].Name = "evil"
			for i := range p.Trials {
				p.Trials[i].Scenario.Name = "evil"
			}
		}, `unknown scenario "evil"`},
		"nothing": {func(p *matrix.Plan) { *p = matrix.Plan{} }, "plan.json"},
	} {
		t.Run(name, func(t *testing.T) {
			root := checkout(t)
			write(t, filepath.Join(root, "scenarios", "storm.js"), "")
			dir := writeRun(t, root, runName, smallSpec)
			var plan matrix.Plan
			if err := record.ReadJSON(dir.Plan(), &plan); err != nil {
				t.Fatal(err)
			}
			test.change(&plan)
			if err := record.WriteJSON(dir.Plan(), plan); err != nil {
				t.Fatal(err)
			}
			files, processes := tree(t, root), children(t)
			_, stderr, status := run(t, root, "resume", "--force", runName)
			if status == 0 || !strings.Contains(stderr, test.want) {
				t.Errorf("exit status %d, %s; want it refused with %q", status, stderr, test.want)
			}
			if after := children(t); after != processes {
				t.Errorf("processes were started: before %s, after %s", processes, after)
			}
			if after := tree(t, root); !slices.Equal(files, after) {
				t.Errorf("files before\n%s\nafter\n%s", strings.Join(files, "\n"), strings.Join(after, "\n"))
			}
		})
	}
}

// What is no spec is not waited for, and not swallowed whole.
func TestEndlessSpecIsRefused(t *testing.T) {
	root := checkout(t)
	write(t, filepath.Join(root, "scenarios", "storm.js"), "")
	for _, command := range []string{"run", "matrix"} { // matrix is an alias
		_, stderr, status := run(t, root, command, "/dev/zero")
		if status != statusUsage || !strings.Contains(stderr, "at most 1048576 are read") {
			t.Errorf("lab %s: exit status %d, %s; want %d and the limit", command, status, stderr, statusUsage)
		}
	}
}

// What a spec or a record says is text in the pages that a browser shows, never markup.
func TestReportPagesHoldNoForeignMarkup(t *testing.T) {
	const script, image = "<script>alert(1)</script>", "<img src=x onerror=alert(2)>"
	root := checkout(t)
	spec := strings.NewReplacer(
		"pool_size: [unlimited, 8]", `scenario.NOTE: ["`+script+`", "`+image+`"]`, "pool_size: unlimited",
		`scenario.NOTE: "`+script+`"`,
	).Replace(smallSpec)
	dir := writeRun(t, root, runName, spec)
	var lines [][]byte
	for _, rec := range mustRead(t, dir) {
		if rec.N%3 == 0 {
			rec.Verdict, rec.Reasons = record.Suspect, []string{"because " + script + image + "](javascript:alert(3))"}
		}
		line, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	write(t, dir.Records(), string(bytes.Join(lines, []byte("\n")))+"\n")
	var host record.Host
	if err := record.ReadJSON(dir.Host(), &host); err != nil {
		t.Fatal(err)
	}
	host.CPUModel, host.Kernel, host.Distro = script, image, script
	if err := record.WriteJSON(dir.Host(), host); err != nil {
		t.Fatal(err)
	}
	run, err := loadRun(filepath.Join(root, "results"), runName)
	if err != nil {
		t.Fatal(err)
	}
	files, err := report.Build(run)
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for name, content := range files {
		if ext := filepath.Ext(name); ext != ".html" && ext != ".svg" {
			continue
		}
		pages++
		for _, markup := range []string{"<script>alert", "<img src=x", "href=\"javascript:"} {
			if i := bytes.Index(content, []byte(markup)); i >= 0 {
				t.Errorf("%s holds %q: …%.300s", name, markup, content[max(0, i-100):])
			}
		}
	}
	if pages == 0 {
		t.Error("the report has no page")
	}
}

func mustRead(t *testing.T, dir record.Dir) []record.Record {
	t.Helper()
	records, err := record.Read(dir.Records())
	if err != nil {
		t.Fatal(err)
	}
	return records
}
