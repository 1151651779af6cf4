package matrix

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithFactor(t *testing.T) {
	const a, b = "0123456", "89abcde" // the first looks like a number
	listed := good + "cells: [{timeouts: tight, pool_size: 8}, {pool_size: unlimited, timeouts: none}]\n"
	for _, test := range []struct {
		name, spec string
		want       []string
	}{
		{"full product", "# why\n" + good, []string{
			"pool_size=unlimited timeouts=none backend=0123456", "pool_size=unlimited timeouts=none backend=89abcde",
			"pool_size=unlimited timeouts=tight backend=0123456", "pool_size=unlimited timeouts=tight backend=89abcde",
			"pool_size=8 timeouts=none backend=0123456", "pool_size=8 timeouts=none backend=89abcde",
			"pool_size=8 timeouts=tight backend=0123456", "pool_size=8 timeouts=tight backend=89abcde",
		}},
		{"exclusion", good + "exclude: [{pool_size: 8}, {timeouts: tight}]\n", []string{
			"pool_size=unlimited timeouts=none backend=0123456", "pool_size=unlimited timeouts=none backend=89abcde",
		}},
		{"listed cells", listed, []string{
			"pool_size=8 timeouts=tight backend=0123456", "pool_size=8 timeouts=tight backend=89abcde",
			"pool_size=unlimited timeouts=none backend=0123456", "pool_size=unlimited timeouts=none backend=89abcde",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := WithFactor([]byte(test.spec), Backend, []string{a, b})
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(test.spec, "# why") && !strings.HasPrefix(string(text), "# why") {
				t.Errorf("the comment is lost:\n%s", text)
			}
			spec, err := Parse(text, there)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			var got []string
			for _, c := range spec.Cells {
				got = append(got, c.Label)
				_, commit, _ := strings.Cut(c.Label, "backend=")
				if c.Settings[Backend] != commit {
					t.Errorf("%s sets backend to %q", c.Label, c.Settings[Backend])
				}
				if want := c.Label == "pool_size=unlimited timeouts=none backend=0123456"; c.Baseline != want {
					t.Errorf("%s is the baseline: %v; want %v", c.Label, c.Baseline, want)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithFactorDiagnostics(t *testing.T) {
	for _, test := range []struct{ name, spec, want string }{
		{"empty", "", "the spec is empty"},
		{"not yaml", "a: [", "did not find expected"},
		{"no spec", "[1]", "it takes a spec"},
	} {
		if _, err := WithFactor(
			[]byte(test.spec), Backend, []string{"0123456"},
		); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", test.name, err, test.want)
		}
	}
	text, err := WithFactor([]byte(good+"settings: {backend: 0123456}\n"), Backend, []string{"89abcde", "0123456"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(text, there); err == nil || !strings.Contains(err.Error(), "backend is set for every cell") {
		t.Errorf("a spec that sets it already: %v; want it refused", err)
	}
}
