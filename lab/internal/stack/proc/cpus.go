package proc

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ParseCPUs reads a list of CPU numbers as the kernel writes it: "0-2,5".
func ParseCPUs(list string) (*unix.CPUSet, error) {
	var set unix.CPUSet
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		lo, err := strconv.ParseUint(first, 10, 10)
		if err != nil {
			return nil, fmt.Errorf("parse CPU list %q: write numbers and ranges such as 0-2,5", list)
		}
		hi, err := strconv.ParseUint(last, 10, 10)
		if err != nil || hi < lo {
			return nil, fmt.Errorf("parse CPU list %q: write numbers and ranges such as 0-2,5", list)
		}
		for cpu := lo; cpu <= hi; cpu++ {
			set.Set(int(cpu))
		}
	}
	return &set, nil
}
