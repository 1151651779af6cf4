package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/backends"
	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// put writes a file, and makes its directory.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, path, text)
}

const shop = "name: shop\nbuild: {path: shop}\nrun: {}\nready: {tcp: true}\nreset: {proof: SELECT 1}\n" +
	"settings: {pool_size: {env: POOL, default: 8}}\nscenarios: load\n"

// A spec's backend, its manifest and the rest of the spec are checked together, and nothing is started.
func TestSpecOfABackendThatCannotBe(t *testing.T) {
	r := newResults(t)
	put(t, filepath.Join(r.root, "scenarios", "storm.js"), "")
	put(t, filepath.Join(r.root, "bad", "backend.yaml"), "name: bad\nreddy: x\n")
	put(t, filepath.Join(r.root, "shop", "backend.yaml"), shop)
	put(t, filepath.Join(r.root, "shop", "load", "buy.js"), "")
	const rest = "name: x\nscenarios: [storm]\nfactors: {pool_size: [8, 16]}\nbaseline: {pool_size: 8}\n" +
		"slo: {error_ratio: 0.01, p99: 1s}\n"
	for _, tt := range []struct {
		name, spec string
		want       []string
	}{
		{"no such backend", "backend: opnfga\n" + rest + "blocks: 0\n", []string{
			`1:10: backend "opnfga": there is no backend of that name; did you mean openfga?`, "7:9: blocks",
		}},
		{"a manifest with mistakes", "backend: bad/backend.yaml\n" + rest, []string{
			`1:10: backend "bad/backend.yaml"`, `2:1: unknown key "reddy"`, `key "run" is missing`,
		}},
		{"a script of another backend", "backend: shop/backend.yaml\n" + rest, []string{
			`3:13: unknown scenario "storm": allowed: buy`,
		}},
		{"what the backend cannot be told", "backend: shop/backend.yaml\n" + rest + "settings: {max_queue: 3}\n", []string{
			`"max_queue" cannot be told to shop`,
		}},
	} {
		path := filepath.Join(r.root, "spec.yaml")
		put(t, path, tt.spec)
		for _, command := range []string{"plan", "run"} {
			_, errs, status := r.lab(command, path)
			for _, want := range tt.want {
				if status != 2 || !strings.Contains(errs, want) {
					t.Errorf("%s, lab %s: exit status %d, %s\nwant 2 and %s", tt.name, command, status, errs, want)
				}
			}
		}
	}
	if _, err := os.Stat(filepath.Join(r.root, ".lab")); err == nil {
		t.Error("something was started")
	}
}

// A run keeps the manifest of its backend; one from before there were any is of the lab's own.
func TestBackendOfARun(t *testing.T) {
	results := t.TempDir()
	dir, err := record.NewDir(results, runA)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := backendOf(dir); err != nil || b != backends.Default() {
		t.Errorf("a run of old is of %v, %v", b, err)
	}
	put(t, dir.Manifest(), strings.Replace(shop, "scenarios: load\n", "", 1))
	if b, err := backendOf(dir); err != nil || b.Name != "shop" || b.Setting("pool_size").Spec != "8" {
		t.Errorf("the run is of %+v, %v", b, err)
	}
	put(t, dir.Manifest(), "name: [\n")
	if _, err := backendOf(dir); err == nil || !strings.Contains(err.Error(), dir.Manifest()) {
		t.Errorf("a torn manifest: %v; want it named", err)
	}
}

// The program of another backend is among those of the run, in their order.
func TestBackendIsAmongThePrograms(t *testing.T) {
	layout, err := service.NewLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	programs := []record.Program{{Name: "k6"}, {Name: "postgres"}}
	b := &backend.Backend{Name: "openfga", Build: backend.Build{Go: "x", Version: "v1.22.1", Program: "openfga"}}
	if _, err := withBackend(programs, layout, b); err == nil {
		t.Error("a program that is not there is among them")
	}
	put(t, layout.Backend(b, ""), "#!/bin/sh\n")
	got, err := withBackend(programs, layout, b)
	want := []record.Program{{Name: "k6"}, {
		Name: "openfga", Path: ".lab/backends/openfga@v1.22.1/bin/openfga", Version: "v1.22.1",
		SHA256: "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf",
	}, {Name: "postgres"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
	if same, err := withBackend(programs, layout, backends.Default()); err != nil || len(same) != len(programs) {
		t.Errorf("the lab's own is among them: %v, %v", same, err)
	}
}
