package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	namedTest    = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)`")
	declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
)

// A table that names a test which is not there promises what nobody holds.
func TestDocumentedTestsExist(t *testing.T) {
	declared := map[string]bool{}
	for _, dir := range []string{".", "../app", "../dashboards"} {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range declaredTest.FindAllSubmatch(text, -1) {
				declared[string(match[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, doc := range []string{"reliability.md", "security.md"} {
		text, err := os.ReadFile(filepath.Join("..", "docs", doc))
		if err != nil {
			t.Fatal(err)
		}
		var named []string
		for _, match := range namedTest.FindAllSubmatch(text, -1) {
			named = append(named, string(match[1]))
		}
		if len(named) < 20 {
			t.Fatalf("%s names %d tests; want at least 20", doc, len(named))
		}
		slices.Sort(named)
		for _, name := range slices.Compact(named) {
			if !declared[name] {
				t.Errorf("docs/%s names %s, which is not there", doc, name)
			}
		}
	}
}
