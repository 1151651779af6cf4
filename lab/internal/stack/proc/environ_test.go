package proc

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// What a developer's shell, or git in a hook, has set. None of it reaches a child.
var foreign = map[string]string{
	"PGSERVICE": "prod", "PGOPTIONS": "-c statement_timeout=1", "GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index",
	"GOFLAGS": "-mod=vendor", "GOWORK": "/nowhere/go.work", "GOOS": "darwin", "GOGC": "off", "GODEBUG": "gctrace=1",
	"K6_VUS": "1", "LC_ALL": "tlh", "LANG": "tlh", "TZ": "Mars/Olympus", "TMPDIR": "/nowhere",
	"http_proxy": "http://192.0.2.1:1", "LD_PRELOAD": "/nowhere.so", "BASH_ENV": "/nowhere",
}

const bare = "HOME=/nonexistent\nLC_ALL=C\nPATH=/usr/bin:/bin\nTZ=UTC\n"

func TestChildrenGetTheEnvironmentOfTheLab(t *testing.T) {
	for name, value := range foreign {
		t.Setenv(name, value)
	}
	for name, test := range map[string]struct {
		set  []string
		want string
	}{
		"nothing is said": {want: bare},
		"an empty one":    {set: []string{}, want: bare},
		"something is set": {
			set:  []string{"A=b=c", "TZ=Asia/Tokyo", "A=d"},
			want: "A=d\nHOME=/nonexistent\nLC_ALL=C\nPATH=/usr/bin:/bin\nTZ=Asia/Tokyo\n",
		},
		"something is kept": {
			set:  Keep("GOGC", "NOT_SET"),
			want: "GOGC=off\n" + bare,
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Run(t.Context(), Spec{Name: "env", Path: "/usr/bin/env", Env: test.set})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Split(strings.TrimSpace(string(out)), "\n")
			slices.Sort(got)
			if got := strings.Join(got, "\n") + "\n"; got != test.want {
				t.Errorf("the child has\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestForgetRemovesOnlyWhatBeginsSo(t *testing.T) {
	t.Setenv("PGHOST", "a")
	t.Setenv("PGSERVICE", "")
	t.Setenv("XPGHOST", "b")
	Forget("PG")
	for _, name := range []string{"PGHOST", "PGSERVICE"} {
		if value, ok := os.LookupEnv(name); ok {
			t.Errorf("%s = %q is still there", name, value)
		}
	}
	if value := os.Getenv("XPGHOST"); value != "b" {
		t.Errorf("XPGHOST = %q; want it kept", value)
	}
}

// A process' environment is read back as it was given, and whole.
func TestEnvironment(t *testing.T) {
	given := map[string]string{"GOMAXPROCS": "1", "GOMEMLIMIT": "24MiB", "EMPTY": "", "ODD": "a=b c"}
	spec := shell("sleep 60; :") // what follows keeps the shell
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
	for variable := range strings.Lines(bare) {
		name, value, _ := strings.Cut(strings.TrimSpace(variable), "=")
		given[name] = value
	}
	if !maps.Equal(got, given) {
		t.Errorf("the environment is %q; want %q", got, given)
	}
	if _, err := Environment(0); err == nil {
		t.Error("there is an environment of no process")
	}
}
