package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var document = regexp.MustCompile(`[\w./-]*\w\.md\b`)

// A comment that sends its reader to a document sends nobody to one that is not here.
func TestCommentsCiteWhatIsThere(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".lab" || entry.Name() == ".git" || entry.Name() == "results"):
			return fs.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			_, comment, _ := strings.Cut(line, "//")
			for _, cited := range document.FindAllString(comment, -1) {
				if !isThere(path, cited) {
					t.Errorf("%s cites %s, which is not there", path, cited)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isThere looks from the root, from docs and from the file that cites.
func isThere(from, cited string) bool {
	for _, dir := range []string{"..", "../docs", filepath.Dir(from)} {
		if _, err := os.Stat(filepath.Join(dir, cited)); err == nil {
			return true
		}
	}
	return strings.HasPrefix(cited, "results/") // of a run that is to come
}
