package proc

import (
	"maps"
	"testing"
)

// A process' environment is read back as it was given, and whole.
func TestEnvironment(t *testing.T) {
	given := map[string]string{"GOMAXPROCS": "1", "GOMEMLIMIT": "24MiB", "EMPTY": "", "ODD": "a=b c"}
	spec := shell("sleep 60; :") // what follows keeps the shell
	spec.Env = []string{"PATH=/usr/bin:/bin"}
	for name, value := range given {
		spec.Env = append(spec.Env, name+"="+value)
	}
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	got, err := Environment(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	given["PATH"] = "/usr/bin:/bin"
	if !maps.Equal(got, given) {
		t.Errorf("the environment is %q; want %q", got, given)
	}
	if _, err := Environment(0); err == nil {
		t.Error("there is an environment of no process")
	}
}
