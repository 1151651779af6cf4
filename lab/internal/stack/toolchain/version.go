package toolchain

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Version is a release as its numbers, the most significant first.
type Version []int

var numbers = regexp.MustCompile(`^v?(\d+(?:\.\d+)*)`)

// ParseVersion reads the numbers at the start of text: "v1.24.1-rc2" is 1.24.1.
func ParseVersion(text string) (Version, error) {
	match := numbers.FindStringSubmatch(text)
	if match == nil {
		return nil, fmt.Errorf("parse version %q: it does not start with a number", text)
	}
	var v Version
	for part := range strings.SplitSeq(match[1], ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("parse version %q: %w", text, err)
		}
		v = append(v, n)
	}
	return v, nil
}

// Less compares number by number; one that is not there counts as 0.
func (v Version) Less(other Version) bool {
	for i := range max(len(v), len(other)) {
		if a, b := v.at(i), other.at(i); a != b {
			return a < b
		}
	}
	return false
}

func (v Version) at(i int) int {
	if i < len(v) {
		return v[i]
	}
	return 0
}

func (v Version) String() string {
	parts := make([]string, len(v))
	for i, n := range v {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ".")
}
