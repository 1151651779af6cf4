package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// table is allowedImports as CONTRIBUTING.md shows them.
func table() string {
	text := "| package | holds | imports of the lab | pure |\n|---|---|---|---|\n"
	for _, r := range allowedImports {
		var imports []string
		for _, path := range r.imports {
			imports = append(imports, "`"+strings.TrimPrefix(path, "internal/")+"`")
		}
		pure := ""
		if r.pure {
			pure = "yes"
		}
		text += fmt.Sprintf("| `%s` | %s | %s | %s |\n", r.path, r.holds, strings.Join(imports, ", "), pure)
	}
	return text
}

// CONTRIBUTING.md shows what the test above holds.
func TestAllowedImportsAreShown(t *testing.T) {
	const path = "../CONTRIBUTING.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), "| package |")
	_, after, _ := strings.Cut(rest, "\n\n")
	if !found {
		t.Fatal("CONTRIBUTING.md has no table of packages")
	}
	want := before + table() + "\n" + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("write it: go test ./lab -run TestAllowedImportsAreShown -update (-want +got)\n%s", diff)
	}
}

var update = flag.Bool("update", false, "write the table of packages into CONTRIBUTING.md")
