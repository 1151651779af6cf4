package load

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

var (
	// readsVariable matches __ENV.NAME, and a name that is passed on to a function which
	// looks it up, as in lib/env.js.
	readsVariable = regexp.MustCompile(`__ENV\.([A-Z][A-Z0-9_]*)|(?:\(|__ENV\[)\s*['"]([A-Z][A-Z0-9_]*)['"]`)
	importsScript = regexp.MustCompile(`['"](\.{1,2}/[^'"]+\.js)['"]`)
)

// Variables returns the names of the environment variables that scenarios/<name>.js reads,
// itself or by what it imports, sorted. It reads the text of the scripts: what puts a name
// together at run time is not seen.
func Variables(dir, name string) ([]string, error) {
	names := make(map[string]bool)
	files := []string{filepath.Join(dir, name+extension)}
	for i := 0; i < len(files); i++ {
		text, err := os.ReadFile(files[i])
		if err != nil {
			return nil, fmt.Errorf("read variables of scenario %s: %w", name, err)
		}
		for _, match := range readsVariable.FindAllSubmatch(text, -1) {
			names[string(match[1])+string(match[2])] = true // one of them is empty
		}
		for _, match := range importsScript.FindAllSubmatch(text, -1) {
			if file := filepath.Join(filepath.Dir(files[i]), string(match[1])); !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}
