package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/judge/compare"
	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
	"stormwave/lab/internal/service"
)

// mutator changes text as an accident or an enemy would, the same way at every run.
type mutator struct{ *rand.Rand }

func newMutator(seed uint64) mutator { return mutator{rand.New(rand.NewPCG(seed, 7))} }

// scraps are what readers tend to stumble over.
var scraps = []string{
	"", "\x00", "\n", "\r\n", "\t", " ", "'", `"`, `\`, ",", ":", ": ", "- ", "? ", "#", "---\n", "...\n", "{", "}", "[",
	"]", "{}", "[]", "&a ", "*a", "<<: *a", "!!binary ",
	"!x ", "|\n", ">", "%YAML 1.1\n", "null", "~", "true", "NaN", ".nan", ".inf", "-0", "-1", "0", "1e999", "-1e308",
	"1e-400", "0x10", "0o17", "1_000", "9223372036854775807",
	"9223372036854775808", "18446744073709551616", "99999999999999999999999999", "\xff\xfe", "\xed\xa0\x80", "\u2028",
	"\ufeff", "é", "\U0001f600", `\u0000`, `\ud800`,
	"../../../etc/passwd", "/etc/passwd", "..", "$(touch x)", "`touch x`", "; touch x", "%s%n",
	"<script>alert(1)</script>", "|a|b|", "![x](http://192.0.2.7)", "\x1b[2J",
	"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1h", "-1ns", "1000000h", strings.Repeat("[", 200),
	strings.Repeat("a", 2000),
}

var (
	number = regexp.MustCompile(`-?\d+(\.\d+)?`)
	quoted = regexp.MustCompile(`"[^"\n]*"`)
)

// change makes one to three changes.
func (m mutator) change(src []byte) []byte {
	out := bytes.Clone(src)
	for range 1 + m.IntN(3) {
		out = m.once(out)
	}
	return out
}

func (m mutator) once(src []byte) []byte {
	if len(src) == 0 {
		return []byte(m.scrap())
	}
	at := m.IntN(len(src))
	end := min(len(src), at+1+m.IntN(40))
	switch m.IntN(10) {
	case 0: // a bit
		src[at] ^= 1 << m.IntN(8)
		return src
	case 1: // torn
		return src[:at]
	case 2: // lost
		return slices.Delete(src, at, end)
	case 3: // twice
		return slices.Insert(src, at, bytes.Clone(src[at:end])...)
	case 4: // overwritten
		return slices.Replace(src, at, end, []byte(m.scrap())...)
	case 5: // a line lost, or twice
		lines := bytes.SplitAfter(src, []byte("\n"))
		i := m.IntN(len(lines))
		if m.IntN(2) == 0 {
			return bytes.Join(slices.Delete(lines, i, i+1), nil)
		}
		return bytes.Join(slices.Insert(lines, i, lines[m.IntN(len(lines))]), nil)
	case 6, 7: // a number
		return m.replaceOne(src, number)
	case 8: // a text
		return m.replaceOne(src, quoted)
	}
	return slices.Insert(src, at, []byte(m.scrap())...)
}

func (m mutator) scrap() string { return scraps[m.IntN(len(scraps))] }

// replaceOne puts a scrap, or another of its kind, in the place of one match.
func (m mutator) replaceOne(src []byte, kind *regexp.Regexp) []byte {
	all := kind.FindAllIndex(src, -1)
	if len(all) == 0 {
		return src
	}
	place, other := all[m.IntN(len(all))], all[m.IntN(len(all))]
	with := bytes.Clone(src[other[0]:other[1]])
	if m.IntN(2) == 0 {
		if with = []byte(m.scrap()); kind == quoted {
			with, _ = json.Marshal(m.scrap()) // a string always marshals
		}
	}
	return slices.Replace(src, place[0], place[1], with...)
}

// survives fails the test if f panics, and tells what it had been given.
func survives(t *testing.T, n int, given []byte, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("mutation %d: panic: %v\non %.3000q", n, r, given)
			panic(r) // with its stack
		}
	}()
	f()
}

// children counts the processes that this one has, and what ended ones have cost: any
// at all moves it.
func children(t *testing.T) string {
	t.Helper()
	var ended syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &ended); err != nil {
		t.Fatal(err)
	}
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Fatal("find children of this process", err)
	}
	var alive []byte
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended
		}
		alive = append(alive, text...)
	}
	return fmt.Sprintf("alive %q, ended %d page faults", alive, ended.Minflt+ended.Majflt)
}

// specs are all that come with the lab, those of its runs included.
func specs(t testing.TB) (texts [][]byte) {
	t.Helper()
	for _, pattern := range []string{"../../matrices/*.yaml", "../../../results/*/spec.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no specs to start from", err)
		}
		for _, file := range files {
			texts = append(texts, readAll(t, file))
		}
	}
	return texts
}

func readAll(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// smallRun copies the beginning of a real run into a checkout, and returns its files.
func smallRun(t *testing.T, root string) (name string, files map[string][]byte) {
	t.Helper()
	const records = 4
	name = "2026-11-23T1546Z-quick"
	from, err := record.NewDir("../../../results", name)
	if err != nil {
		t.Fatal(err)
	}
	to, err := record.NewDir(filepath.Join(root, "results"), name)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(readAll(t, from.Records()), []byte("\n"))
	files = map[string][]byte{
		to.Spec(): readAll(t, from.Spec()), to.Plan(): readAll(t, from.Plan()), to.Host(): readAll(t, from.Host()),
		to.Records(): bytes.Join(lines[:records], nil), to.Series(1): readAll(t, from.Series(1)),
		to.Series(2): readAll(t, from.Series(2)),
	}
	for path, content := range files {
		if err := record.WriteFile(path, content); err != nil {
			t.Fatal(err)
		}
	}
	return name, files
}

// unpacked changes what is in a packed file, and packs it again.
func (m mutator) unpacked(t *testing.T, src []byte) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := gzip.NewWriter(&b)
	if _, err := out.Write(m.change(text)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Specs, each changed a little: no panic, no process, and what is still a spec is one
// through and through.
func TestMutationsOfSpecs(t *testing.T) { mutateSpecs(t, 500) }

func mutateSpecs(t *testing.T, mutations int) {
	t.Helper()
	before := children(t)
	m, texts, good := newMutator(1), specs(t), 0
	there := service.Inventory(backends.Default(), "storm", "wave", "mixed", "storm-open", "wave-open")
	there.Causes = diagnose.Names(there.Services)
	for n := range mutations {
		text := m.change(texts[n%len(texts)])
		survives(t, n, text, func() {
			spec, err := matrix.Parse(text, there)
			if err != nil {
				return
			}
			good++
			plan := spec.Plan()
			if err := plan.Validate(); err != nil {
				t.Errorf("mutation %d gives a plan that is none: %v\n%s", n, err, text)
			}
			if err := plan.Runnable(there); err != nil {
				t.Errorf("mutation %d gives a plan that may not be run: %v\n%s", n, err, text)
			}
			if both, err := matrix.WithFactor(text, matrix.Commit, []string{"0123456789", "abcdef0123"}); err == nil {
				_, _ = matrix.Parse(both, there)
			}
		})
	}
	if after := children(t); after != before {
		t.Errorf("processes were started: before %s, after %s", before, after)
	}
	if good < mutations/100 || good > mutations*9/10 {
		t.Errorf("%d of %d changed specs are still specs: the changes are too wild or too tame", good, mutations)
	}
}

// Files of runs, each changed a little, read and reported on.
func TestMutationsOfRuns(t *testing.T) { mutateRuns(t, 150) }

func mutateRuns(t *testing.T, mutations int) {
	t.Helper()
	root := checkout(t)
	name, files := smallRun(t, root)
	results := filepath.Join(root, "results")
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	whole, err := loadRun(results, name)
	if err != nil {
		t.Fatal(err)
	}
	layout, err := service.NewLayout(root)
	if err != nil {
		t.Fatal(err)
	}
	before := children(t)
	m, good := newMutator(2), 0
	for n := range mutations {
		path := paths[n%len(paths)]
		text := m.change(files[path])
		if strings.HasSuffix(path, ".gz") && m.IntN(2) == 0 {
			text = m.unpacked(t, files[path])
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		survives(t, n, text, func() {
			if strings.HasSuffix(path, ".gz") {
				_, _ = record.ReadSeries(path)
				return // no report reads the curves of these scenarios
			}
			if _, err := planOf(layout, name); err != nil && !strings.Contains(err.Error(), root) {
				t.Errorf("mutation %d of %s: the error names no file: %v", n, path, err)
			}
			run, _, err := loadReadable(results, name)
			if err != nil {
				return
			}
			good++
			_ = report.DiagnosisText(diagnose.Run(run.Plan, run.Records, run.Services))
			_ = compare.Runs(toCompare(whole), toCompare(run))
			lines := compare.History([]compare.Run{toCompare(whole), toCompare(run)}, 0)
			_ = compare.HistoryText(lines, false)
			if err := writeJSON(io.Discard, lines); err != nil {
				t.Errorf("mutation %d of %s: history: %v", n, path, err)
			}
			_, _ = report.Build(run)
		})
		if err := os.WriteFile(path, files[path], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if after := children(t); after != before {
		t.Errorf("processes were started: before %s, after %s", before, after)
	}
	if good < mutations/100 || good > mutations*9/10 {
		t.Errorf("%d of %d changed runs can still be read: the changes are too wild or too tame", good, mutations)
	}
}
