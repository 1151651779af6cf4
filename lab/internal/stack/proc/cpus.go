package proc

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

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

// CPUs returns the list of the CPUs that a process of the caller can be put on.
func CPUs() (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, all, there unix.CPUSet
	for cpu := range 8 * int(unsafe.Sizeof(all)) {
		all.Set(cpu)
	}
	// What the machine lacks, or the caller may not use, the kernel takes from what is asked for.
	err := unix.SchedGetaffinity(0, &before)
	if err == nil {
		err = errors.Join(unix.SchedSetaffinity(0, &all), unix.SchedGetaffinity(0, &there), unix.SchedSetaffinity(0, &before))
	}
	if err != nil {
		return "", fmt.Errorf("ask for the machine's CPUs: %w", err)
	}
	return listOf(&there), nil
}

// Affinity returns the list of the CPUs that a process is put on; ok is false where there is none.
func Affinity(pid int) (list string, ok bool) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(pid, &set) != nil {
		return "", false
	}
	return listOf(&set), true
}

// SameCPUs says whether two lists are of the same CPUs.
func SameCPUs(a, b string) bool {
	one, errA := ParseCPUs(a)
	other, errB := ParseCPUs(b)
	return errA == nil && errB == nil && *one == *other
}

// listOf writes a set as the kernel does.
func listOf(set *unix.CPUSet) string {
	var parts []string
	for cpu, last := 0, 8*int(unsafe.Sizeof(*set)); cpu < last; cpu++ {
		if !set.IsSet(cpu) {
			continue
		}
		first := cpu
		for cpu+1 < last && set.IsSet(cpu+1) {
			cpu++
		}
		if first == cpu {
			parts = append(parts, strconv.Itoa(cpu))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", first, cpu))
		}
	}
	return strings.Join(parts, ",")
}
