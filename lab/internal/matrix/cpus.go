package matrix

import (
	"fmt"
	"strconv"
	"strings"
)

// CPUs pins services to processors: service → cpu list as Linux writes it
// ("0-1", "6,7"). A service that is absent is not pinned.
type CPUs map[string]string

// postgres stands for both servers where neither is named itself.
const postgres = "postgres"

// Services are the names that CPUs takes.
var Services = []string{
	"app", "k6", postgres, "primary", "replica", "pgbouncer", "prometheus", "grafana",
	"node-exporter", "postgres-exporter", "replica-exporter", "pgbouncer-exporter",
}

// Of returns the cpu list of a service, "" if it is not pinned. The primary and
// the replica fall back to what is given for "postgres".
func (c CPUs) Of(service string) string {
	if list, ok := c[service]; ok {
		return list
	}
	if service == "primary" || service == "replica" {
		return c[postgres]
	}
	return ""
}

// maxCPU is the highest processor number a list may name, as in Linux' NR_CPUS.
const maxCPU = 8191

// checkCPUList refuses text that is not a cpu list, or that names a processor twice.
func checkCPUList(text string) error {
	seen := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.ParseUint(from, 10, 16)
		last, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil || first > last || last > maxCPU {
			return fmt.Errorf(`must be a cpu list such as "0-1" or "2,3", not %s`, quote(text))
		}
		for cpu := int(first); cpu <= int(last); cpu++ {
			if seen[cpu] {
				return fmt.Errorf("names processor %d twice", cpu)
			}
			seen[cpu] = true
		}
	}
	return nil
}
