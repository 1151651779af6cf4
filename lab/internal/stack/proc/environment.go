package proc

import (
	"fmt"
	"os"
	"strings"
)

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
