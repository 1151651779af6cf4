package matrix

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// CPUs pins services to processors: service → cpu list as Linux writes it
// ("0-1", "6,7"). A service that is absent is not pinned.
type CPUs map[string]string

// CPUsPrefix is before a service's name where a record holds the CPUs that it ran on: "cpus.app".
const CPUsPrefix = "cpus."

// Of returns the cpu list of the first of the names that has one, "" if none has.
func (c CPUs) Of(names ...string) string {
	for _, name := range names {
		if list, ok := c[name]; ok {
			return list
		}
	}
	return ""
}

// maxCPU is the highest processor number a list may name, as in Linux' NR_CPUS.
const maxCPU = 8191

// checkCPUList refuses text that is not a cpu list, names a processor twice, or one that is not among those there
// are.
func checkCPUList(text, there string) error {
	all, err := cpusIn(text)
	if err != nil || there == "" {
		return err
	}
	has, err := cpusIn(there)
	if err != nil {
		return err
	}
	for _, cpu := range slices.Sorted(maps.Keys(all)) {
		if !has[cpu] {
			return fmt.Errorf("names processor %d, but this machine has %s", cpu, there)
		}
	}
	return nil
}

// cpusIn reads a cpu list.
func cpusIn(text string) (map[int]bool, error) {
	seen := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.ParseUint(from, 10, 16)
		last, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil || first > last || last > maxCPU {
			return nil, fmt.Errorf(`must be a cpu list such as "0-1" or "2,3", not %s`, quote(text))
		}
		for cpu := int(first); cpu <= int(last); cpu++ {
			if seen[cpu] {
				return nil, fmt.Errorf("names processor %d twice", cpu)
			}
			seen[cpu] = true
		}
	}
	return seen, nil
}
