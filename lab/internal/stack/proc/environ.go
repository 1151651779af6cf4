package proc

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// TempDir holds temporary files of the lab. It is never os.TempDir: the caller's TMPDIR may not be there, and
// `nix develop` changes it from shell to shell.
const TempDir = "/tmp"

// base is what every program gets, whoever calls and from where.
var base = []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C", "TZ=UTC"}

// Environ returns a whole environment, "NAME=value" each: PATH, HOME, LC_ALL and TZ as the lab has them, and what is
// set besides. Of two values of one variable the later counts. It holds nothing of the caller's environment: what a
// program is to have of that, Keep names.
func Environ(set ...string) []string {
	env := make([]string, 0, len(base)+len(set))
	for _, variable := range slices.Concat(base, set) {
		name, _, _ := strings.Cut(variable, "=")
		same := func(other string) bool { return strings.HasPrefix(other, name+"=") }
		env = append(slices.DeleteFunc(env, same), variable)
	}
	return env
}

// Keep returns those of the named variables that the caller has set, "NAME=value" each.
func Keep(names ...string) []string {
	var kept []string
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok {
			kept = append(kept, name+"="+value)
		}
	}
	return kept
}

// Forget removes from this process' own environment the variables whose names begin with the prefix: for libraries
// that read them whatever they are told.
func Forget(prefix string) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, prefix) {
			_ = os.Unsetenv(name)
		}
	}
}

// Environment returns the environment that a process was started with, as the kernel has it. It takes the rights to
// look into the process.
func Environment(pid int) (map[string]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return nil, fmt.Errorf("read the environment of process %d: %w", pid, err)
	}
	variables := make(map[string]string)
	for entry := range strings.SplitSeq(string(text), "\x00") {
		if name, value, ok := strings.Cut(entry, "="); ok {
			variables[name] = value
		}
	}
	return variables, nil
}
