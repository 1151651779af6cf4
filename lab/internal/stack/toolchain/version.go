package toolchain

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// version is a release as its numbers, the most significant first.
type version []int

var numbers = regexp.MustCompile(`^v?(\d+(?:\.\d+)*)`)

// parseVersion reads the numbers at the start of text: "v1.24.1-rc2" is 1.24.1.
func parseVersion(text string) (version, error) {
	match := numbers.FindStringSubmatch(text)
	if match == nil {
		return nil, fmt.Errorf("parse version %q: it does not start with a number", text)
	}
	var v version
	for part := range strings.SplitSeq(match[1], ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("parse version %q: %w", text, err)
		}
		v = append(v, n)
	}
	return v, nil
}

// less compares number by number; one that is not there counts as 0.
func (v version) less(other version) bool {
	for i := range max(len(v), len(other)) {
		if a, b := v.at(i), other.at(i); a != b {
			return a < b
		}
	}
	return false
}

func (v version) at(i int) int {
	if i < len(v) {
		return v[i]
	}
	return 0
}

func (v version) String() string {
	parts := make([]string, len(v))
	for i, n := range v {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ".")
}
