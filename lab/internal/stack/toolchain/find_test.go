package toolchain

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// place writes programs that print one line, whatever they are asked.
func place(t *testing.T, dir string, programs map[string]string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, line := range programs {
		script := "#!/bin/sh\necho '" + line + "'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func finderOver(t *testing.T, dirs ...string) finder {
	t.Helper()
	built := toolsOf(t.TempDir())
	if err := built.create(); err != nil {
		t.Fatal(err)
	}
	return finder{path: dirs, tools: built, seen: loadInspections(built.file("inspected.json"))}
}

func required(t *testing.T, name string) Requirement {
	t.Helper()
	all := catalog(services)
	i := slices.IndexFunc(all, func(r Requirement) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("the catalog holds no %s", name)
	}
	return all[i]
}

func TestFindTakesTheFirstThatDoes(t *testing.T) {
	old := place(t, t.TempDir(), map[string]string{"pgbouncer": "PgBouncer 1.18.0"})
	good := place(t, t.TempDir(), map[string]string{"pgbouncer": "PgBouncer 1.25.0"})
	later := place(t, t.TempDir(), map[string]string{"pgbouncer": "PgBouncer 1.24.1"})

	got, _ := finderOver(t, old, good, later).lookFor(t.Context(), required(t, "pgbouncer"), "")
	if len(got) != 1 || got[0].Path != filepath.Join(good, "pgbouncer") || got[0].Version != "1.25.0" ||
		got[0].Source != FromPath {
		t.Errorf("found %+v, want 1.25.0 in %s", got, good)
	}
	if sum, err := sha256Of(filepath.Join(good, "pgbouncer")); err != nil || got[0].SHA256 != sum {
		t.Errorf("checksum %s, want %s (%v)", got[0].SHA256, sum, err)
	}
}

// A version manager's shim finds the program by the home of whom it is installed for, and the lab's services have none.
func TestFindTakesNoShimThatNeedsItsCaller(t *testing.T) {
	t.Setenv("HOME", "/home/somebody")
	shims := place(t, t.TempDir(), map[string]string{"pgbouncer": ""})
	const script = "#!/bin/sh\n" +
		"[ \"$HOME\" = /home/somebody ] || { echo 'no version is set' >&2; exit 126; }\necho PgBouncer 1.25.0\n"
	if err := os.WriteFile(filepath.Join(shims, "pgbouncer"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	good := place(t, t.TempDir(), map[string]string{"pgbouncer": "PgBouncer 1.24.1"})
	r := required(t, "pgbouncer")
	got, _ := finderOver(t, shims, good).lookFor(t.Context(), r, "")
	if len(got) != 1 || got[0].Path != filepath.Join(good, "pgbouncer") {
		t.Errorf("found %+v; want the one in %s", got, good)
	}
	got, refused := finderOver(t, shims).lookFor(t.Context(), r, "")
	if len(got) != 0 || len(refused) != 1 || !strings.Contains(refused[0], "no version is set") {
		t.Errorf("found %+v, refused %q; want the shim's own words", got, refused)
	}
	r.Role = Optional // of what only the set-up runs, with the caller's home
	if got, refused := finderOver(t, shims).lookFor(t.Context(), r, ""); len(got) != 1 {
		t.Errorf("refused %q; want the shim", refused)
	}
}

func TestFindSaysWhyItRefuses(t *testing.T) {
	for _, c := range []struct{ program, file, prints, why string }{
		{"pgbouncer", "pgbouncer", "PgBouncer 1.18.0", "pgbouncer 1.18.0 at %: need ≥ 1.21"},
		{"postgres_exporter", "prometheus-postgres-exporter", "postgres_exporter, version 0.20.0 (branch: x)",
			"postgres_exporter 0.20.0 at %: need ≥ 0.15, < 0.20"},
		{"pgbouncer_exporter", "pgbouncer_exporter", "prometheus-pgbouncer-exporter 2.0",
			`% is not the pgbouncer_exporter that is meant: it answers "prometheus-pgbouncer-exporter 2.0"`},
		{"postgres", "postgres", "postgres (PostgreSQL) 16.4", "postgres 16.4 at %: no initdb beside it"},
	} {
		dir := place(t, t.TempDir(), map[string]string{c.file: c.prints})
		r := required(t, c.program)
		r.Apart = ""
		got, refused := finderOver(t, dir).lookFor(t.Context(), r, "")
		want := []string{strings.ReplaceAll(c.why, "%", filepath.Join(dir, c.file))}
		if diff := cmp.Diff(want, refused); diff != "" || got != nil {
			t.Errorf("%s: found %v, refused (-want +got):\n%s", c.program, got, diff)
		}
	}
}

func TestFindKnowsOtherNames(t *testing.T) {
	dir := place(
		t, t.TempDir(), map[string]string{"prometheus-node-exporter": "node_exporter, version 1.9.0+ds (branch: debian/sid)"},
	)
	got, refused := finderOver(t, dir).lookFor(t.Context(), required(t, "node_exporter"), "")
	if len(got) != 1 || got[0].Name != "node_exporter" || got[0].Version != "1.9.0" {
		t.Errorf("found %+v, refused %v", got, refused)
	}
}

// A wrapper of another version may stand beside a link to the server.
func TestFindTakesPostgresAsOneDirectory(t *testing.T) {
	suite := func(release string) map[string]string {
		line := "postgres (PostgreSQL) " + release
		return map[string]string{"postgres": line, "initdb": line, "psql": line, "pg_basebackup": line}
	}
	root := t.TempDir()
	r := required(t, "postgres")
	r.Apart = filepath.Join(root, "*", "bin")
	for _, release := range []string{"9", "17", "16"} {
		place(t, filepath.Join(root, release, "bin"), suite(release+".1"))
	}
	links := place(t, t.TempDir(), map[string]string{"psql": "psql (PostgreSQL) 9.6"})
	if err := os.Symlink(filepath.Join(root, "16", "bin", "postgres"), filepath.Join(links, "postgres")); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct{ name, path, want, source string }{
		{"from a link on PATH", links, "16", string(FromPath)},
		{"the newest of the distribution's", t.TempDir(), "17", string(FromDistribution)},
	} {
		got, refused := finderOver(t, c.path).lookFor(t.Context(), r, "")
		if len(got) != 4 {
			t.Fatalf("%s: found %v, refused %v; want 4 programs", c.name, got, refused)
		}
		for _, p := range got {
			if want := filepath.Join(root, c.want, "bin", p.Name); p.Path != want || p.Version != c.want+".1" ||
				string(p.Source) != c.source {
				t.Errorf("%s: %+v, want %s", c.name, p, want)
			}
		}
	}
}

func TestFindTakesOnlyWhatIsBuiltToItsEnd(t *testing.T) {
	f, r := finderOver(t), required(t, "pgbouncer")
	place(t, f.tools.bin(), map[string]string{"pgbouncer": "PgBouncer 1.24.1"})
	if got, refused := f.lookFor(t.Context(), r, ""); got != nil || len(refused) != 1 ||
		!strings.Contains(refused[0], "not built to its end") {
		t.Errorf("without a stamp: found %v, refused %v", got, refused)
	}

	adopt := func(from recipe) {
		built := filepath.Join(place(t, t.TempDir(), map[string]string{"pgbouncer": "PgBouncer 1.24.1"}), "pgbouncer")
		if err := f.tools.adopt(required(t, "pgbouncer"), built, from); err != nil {
			t.Fatal(err)
		}
	}
	adopt(recipe{Sources: "others"})
	if got, refused := f.lookFor(t.Context(), r, ""); got != nil || len(refused) != 1 ||
		!strings.Contains(refused[0], errStale.Error()) {
		t.Errorf("with another recipe's stamp: found %v, refused %v", got, refused)
	}

	adopt(required(t, "pgbouncer").Source.recipe())
	if got, refused := f.lookFor(t.Context(), r, ""); len(got) != 1 || got[0].Source != FromTools {
		t.Errorf("built to its end: found %v, refused %v", got, refused)
	}

	place(t, f.tools.bin(), map[string]string{"pgbouncer": "PgBouncer 1.24.2"})
	if got, refused := f.lookFor(t.Context(), r, ""); got != nil || len(refused) != 1 {
		t.Errorf("changed after its stamp: found %v, refused %v", got, refused)
	}
}

func TestChangedPinsMakeStale(t *testing.T) {
	f := finderOver(t)
	module := f.tools.module()
	write := func(text string) {
		if err := os.MkdirAll(module, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(module, "go.mod"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("require k6 v2.0.0")
	built := filepath.Join(place(t, t.TempDir(), map[string]string{"k6": "k6 v2.0.0 (go1.26.0)"}), "k6")
	if err := f.tools.adopt(required(t, "k6"), built, f.tools.goRecipe("1.26.0")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pins, goVersion string
		fresh           bool
	}{
		{"require k6 v2.0.0", "1.26.0", true},
		{"require k6 v2.0.0", "", true}, // no Go here to build it again
		{"require k6 v2.0.0", "1.26.1", false},
		{"require k6 v2.0.1", "1.26.0", false},
	} {
		write(c.pins)
		got, refused := f.lookFor(t.Context(), required(t, "k6"), c.goVersion)
		if (len(got) == 1) != c.fresh {
			t.Errorf("%s with Go %q: found %v, refused %v; want fresh %t", c.pins, c.goVersion, got, refused, c.fresh)
		}
	}
}

// A program is asked again only when its file has changed.
func TestInspectionsAreKept(t *testing.T) {
	dir := t.TempDir()
	asked := filepath.Join(dir, "asked")
	script := "#!/bin/sh\necho x >> " + asked + "\necho 'PgBouncer 1.24.1'\n"
	path := filepath.Join(dir, "pgbouncer")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	r := required(t, "pgbouncer")
	file := filepath.Join(dir, "inspected.json")
	look := func(wantAsked int) {
		t.Helper()
		seen := loadInspections(file)
		if got, err := seen.inspect(context.Background(), path, &r); err != nil || got.Version != "1.24.1" {
			t.Fatalf("inspect: %+v, %v", got, err)
		}
		seen.save()
		text, err := os.ReadFile(asked)
		if err != nil || strings.Count(string(text), "x") != wantAsked {
			t.Errorf("asked %q (%v), want %d times", text, err, wantAsked)
		}
	}
	look(1)
	look(1)
	if err := os.WriteFile(path, []byte(script+"# changed\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	look(2)
}

func TestNixStorePath(t *testing.T) {
	const hash = "0123456789abcdfghijklmnpqrsvwxyz"
	for path, want := range map[string]string{
		"/nix/store/" + hash + "-k6-2.0.0/bin/k6": "/nix/store/" + hash + "-k6-2.0.0",
		"/usr/bin/k6":                        "",
		"/home/nix/store/" + hash + "-k6/k6": "",
	} {
		if got := newProgram("k6", path, "2.0.0", "", FromPath).NixStore; got != want {
			t.Errorf("store of %s: %q, want %q", path, got, want)
		}
	}
}
