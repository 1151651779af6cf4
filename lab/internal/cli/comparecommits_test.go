//go:build services

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompareCommitsThatCannotBe(t *testing.T) {
	repository := newRepository(t)
	r := results{t, repository.layout.Root}
	repository.write("magefile.go", "//go:build mage\n\npackage main\n")
	repository.write(
		"lab/spec.yaml",
		"name: x\nscenarios: [storm]\nfactors: {pool_size: [8]}\nbaseline: {pool_size: 8}\nslo: {error_ratio: 0.01, p99: "+
			"1s}\n",
	)
	repository.write(
		"lab/set.yaml",
		"name: x\nscenarios: [storm]\nfactors: {pool_size: [8]}\nbaseline: {pool_size: 8}\nslo: {error_ratio: 0.01, p99: "+
			"1s}\nsettings: {backend: abcdef0}\n",
	)
	repository.write("lab/bad.yaml", "name: x\nscenarios: [storm]\n")
	repository.write("scenarios/storm.js", "")
	repository.commit("CREATE", "first")
	repository.commit("CREATE", "second")
	for _, test := range []struct {
		name, a, b, spec, want string
	}{
		{"unknown commit", "HEAD", "nope", "lab/spec.yaml", `find commit "nope"`},
		{"the same commit", "HEAD", "HEAD^0", "lab/spec.yaml", "are the same commit"},
		{"no spec", "HEAD", "HEAD~1", "lab/none.yaml", "read spec"},
		{"bad spec", "HEAD", "HEAD~1", "lab/bad.yaml", `key "slo" is missing`},
		{"a spec that names backends", "HEAD", "HEAD~1", "lab/set.yaml", "backend is set for every cell"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, errs, status := r.lab("compare", "--commits", test.a, test.b, filepath.Join(r.root, test.spec))
			if status != 2 || !strings.Contains(errs, test.want) {
				t.Errorf("exit status %d, %q; want 2 and %q", status, errs, test.want)
			}
			for _, made := range []string{"results", ".lab"} {
				if _, err := os.Stat(filepath.Join(r.root, made)); err == nil {
					t.Errorf("%s was made; want nothing started", made)
				}
			}
		})
	}
}
