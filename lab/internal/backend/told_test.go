package backend

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTold(t *testing.T) {
	b, err := Parse([]byte(good), files)
	if err != nil {
		t.Fatal(err)
	}
	env, args, url, err := b.Told(map[string]string{
		"pool_size": "8", "pool_min": "2", "http_timeout": "none", "exec_mode": "exec", "query_timeout": "1.5s",
		"statement_timeout": "5s", "topology": "direct",
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POOL=8", "PREPARE=0", "QUERY=1.5s"}, env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"--min", "2"}, args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"timeout": "0"}, url); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	b.Setting("query_timeout").None = Unset
	if env, _, _, err := b.Told(map[string]string{"query_timeout": "none"}); err != nil || len(env) > 0 {
		t.Errorf("for no limit the program is told %q, %v; want nothing", env, err)
	}
	if _, _, _, err := b.Told(map[string]string{"pool_size": "unlimited"}); err == nil {
		t.Error("a pool without bounds is told to a program that knows none")
	}
}

// What is spelt is read back as it was meant.
func TestSpell(t *testing.T) {
	for _, tt := range []struct {
		setting            Setting
		value, word, error string
	}{
		{Setting{Name: "a", Kind: Limit, Unlimited: "-1"}, "unlimited", "-1", ""},
		{Setting{Name: "a", Kind: Limit}, "7", "7", ""},
		{Setting{Name: "a", Kind: Limit}, "unlimited", "", "a: the program cannot be told that there is no limit"},
		{Setting{Name: "a", Kind: Duration, Unit: "go", None: "0"}, "none", "0", ""},
		{Setting{Name: "a", Kind: Duration, Unit: "go"}, "1.5s", "1.5s", ""},
		{Setting{Name: "a", Kind: Duration, Unit: "ms"}, "1.5s", "1500", ""},
		{Setting{Name: "a", Kind: Duration, Unit: "s"}, "90s", "90", ""},
		{Setting{Name: "a", Kind: Duration, Unit: "min"}, "5m0s", "5", ""},
		{Setting{Name: "a", Kind: Duration, Unit: "s"}, "1500ms", "", "a: the program takes whole s, not 1500ms"},
		{Setting{Name: "a", Kind: Duration, Unit: "s"}, "none", "",
			"a: the program cannot be told that there is no such limit"},
		{Setting{Name: "statement_timeout", Kind: Milliseconds}, "none", "none", ""},
		{Setting{Name: "a", Kind: Choice, Values: []string{"x"}, Spelled: map[string]string{"x": "yes"}}, "x", "yes", ""},
		{Setting{Name: "a", Kind: Choice, Values: []string{"x"}, Spelled: map[string]string{"x": "yes"}}, "y", "",
			"a: the program has no y"},
		{Setting{Name: "a", Kind: Choice, Values: []string{"x"}}, "x", "x", ""},
	} {
		word, err := tt.setting.Spell(tt.value)
		if got := ""; err != nil {
			if got = err.Error(); got != tt.error {
				t.Errorf("%+v %s: %q; want %q", tt.setting, tt.value, got, tt.error)
			}
			continue
		}
		if word != tt.word || tt.error != "" {
			t.Errorf("%+v %s is spelt %q; want %q%s", tt.setting, tt.value, word, tt.word, tt.error)
		}
		meant := tt.setting.Meant(word)
		if want := map[string]string{"1.5s": "1.5s", "90s": "1m30s"}[tt.value]; meant != tt.value && meant != want {
			t.Errorf("%+v: %q means %q; want %q", tt.setting, word, meant, tt.value)
		}
	}
}

func TestExpression(t *testing.T) {
	settings := map[string]string{"pool_size": "8", "pool_min": "3", "max_inflight": "unlimited"}
	for _, tt := range []struct {
		expression Expression
		replica    bool
		want       int
		bound      bool
	}{
		{"pool_size * (1 + replica)", false, 8, true},
		{"pool_size * (1 + replica)", true, 16, true},
		{"pool_size+pool_min*2-1", false, 13, true},
		{"4 * (pool_size + (pool_min - 1))", false, 40, true},
		{"max_inflight", false, 0, false},
		{"", false, 0, false},
	} {
		if got, ok := tt.expression.Of(settings, tt.replica); ok != tt.bound || ok && got != tt.want {
			t.Errorf("%s = %d, %v; want %d, %v", tt.expression, got, ok, tt.want, tt.bound)
		}
	}
	for _, bad := range []Expression{"1 +", "(1", "1)", "1 1", "Pool", "1 / 2", "%", "999999999999"} {
		if names, err := bad.names(); err == nil {
			t.Errorf("%q is an expression of %q; want an error", bad, names)
		}
	}
}

// A command without a way to the replica has no argument and no variable for it.
func TestFilled(t *testing.T) {
	c := Command{
		Args: []string{"run", "--at={host}:{port}", "--replica={replica}", `{"a": 1}`},
		Env:  []Variable{{"DB", "{primary}"}, {"DB2", "{replica}"}},
	}
	args, env := c.Filled(map[string]string{"host": "h", "port": "1", "primary": "p", "replica": ""})
	if diff := cmp.Diff([]string{"run", "--at=h:1", `{"a": 1}`}, args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"DB=p"}, env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestPointer(t *testing.T) {
	document := map[string]any{"a/b": map[string]any{"c": []any{1.5, "x", true}}}
	for pointer, want := range map[string]string{"/a~1b/c/0": "1.5", "/a~1b/c/1": "x", "/a~1b/c/2": "true"} {
		if got, ok := At(document, pointer); !ok || got != want {
			t.Errorf("%s is %q, %v; want %q", pointer, got, ok, want)
		}
	}
	for _, pointer := range []string{"/a", "/a~1b", "/a~1b/c/3", "/a~1b/c/x", "/a~1b/c/0/y"} {
		if got, ok := At(document, pointer); ok {
			t.Errorf("%s is %q; want nothing", pointer, got)
		}
	}
}
