package proc

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("a\nb\nc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		from  int64
		lines int
		want  string
	}{
		"all":                  {lines: 5, want: "a\nb\nc"},
		"the last":             {lines: 1, want: "c"},
		"from the second line": {from: 2, lines: 5, want: "b\nc"},
		"nothing new":          {from: 6, lines: 5, want: ""},
		"it was begun anew":    {from: 100, lines: 5, want: "a\nb\nc"},
	} {
		if got := tail(path, test.from, test.lines); got != test.want {
			t.Errorf("%s: %q; want %q", name, got, test.want)
		}
	}
}
