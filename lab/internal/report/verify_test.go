package report

import (
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	long := strings.Repeat("x", 200)
	built := map[string][]byte{
		"a.md":        []byte("one\ntwo\nthree\n"),
		"a/bench.txt": []byte("1\n"),
		"b":           []byte(long + "|5|" + long + "\n"),
	}
	for name, test := range map[string]struct {
		change func(map[string][]byte)
		want   string
	}{
		"same": {func(map[string][]byte) {}, ""},
		"line": {
			func(f map[string][]byte) { f["a.md"] = []byte("one\n2\nthree\n") }, "a.md:2: is \"2\"\nthe records make \"two\"",
		},
		"cut": {
			func(f map[string][]byte) { f["a.md"] = []byte("one\ntwo\n") }, "a.md:3: is \"\"\nthe records make \"three\"",
		},
		"last byte": {
			func(f map[string][]byte) { f["a.md"] = []byte("one\ntwo\nthree") },
			"a.md:3: the file ends otherwise than what the records make",
		},
		"more": {
			func(f map[string][]byte) { f["a.md"] = []byte("one\ntwo\nthree\n\n") },
			"a.md:4: the file ends otherwise than what the records make",
		},
		"empty": {
			func(f map[string][]byte) { f["a/bench.txt"] = nil }, "a/bench.txt:1: is \"\"\nthe records make \"1\"",
		},
		"missing": {func(f map[string][]byte) { delete(f, "a.md") }, "a.md is missing"},
		"extra":   {func(f map[string][]byte) { f["a/x.svg"] = nil }, "a/x.svg is there, but the records do not make it"},
		"first": {
			func(f map[string][]byte) { f["a.md"], f["b"] = []byte("1\n"), []byte("1\n") },
			"a.md:1: is \"1\"\nthe records make \"one\"",
		},
		"within row": {
			func(f map[string][]byte) { f["b"] = []byte(long + "|6|" + long + "\n") }, "b:1: is …\"" + long[:39] + "|6|",
		},
	} {
		there := map[string][]byte{}
		for name, content := range built {
			there[name] = content
		}
		test.change(there)
		err := Verify(built, there)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)):
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}
