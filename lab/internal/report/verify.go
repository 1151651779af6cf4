package report

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Verify compares the files that a run's records make with those that are there,
// both by name below results/. It is nil if they are the same byte for byte, else
// an error that names the first file that differs, and the first line of it.
func Verify(built, there map[string][]byte) error {
	names := slices.Collect(maps.Keys(built))
	for name := range there {
		if _, ok := built[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		want, made := built[name]
		got, found := there[name]
		switch {
		case !found:
			return fmt.Errorf("%s is missing", name)
		case !made:
			return fmt.Errorf("%s is there, but the records do not make it", name)
		}
		if err := sameText(want, got); err != nil {
			return fmt.Errorf("%s:%w", name, err)
		}
	}
	return nil
}

// sameText finds the first line in which two texts differ.
func sameText(want, got []byte) error {
	if bytes.Equal(want, got) {
		return nil
	}
	for line := 1; ; line++ {
		a, restA, moreA := bytes.Cut(want, []byte("\n"))
		b, restB, moreB := bytes.Cut(got, []byte("\n"))
		switch {
		case !bytes.Equal(a, b):
			at := firstDifference(a, b)
			return fmt.Errorf("%d: is %s\nthe records make %s", line, excerpt(b, at), excerpt(a, at))
		case moreA != moreB || !moreA:
			return errors.New(fmt.Sprint(line, ": the file ends otherwise than what the records make"))
		}
		want, got = restA, restB
	}
}

func firstDifference(a, b []byte) int {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	return at
}

// excerpt quotes a line around a place in it: rows of tables are long.
func excerpt(line []byte, at int) string {
	const around = 40
	from, to := max(0, at-around), min(len(line), at+around)
	text := strconv.Quote(string(line[from:to]))
	if from > 0 {
		text = "…" + text
	}
	if to < len(line) {
		text += "…"
	}
	return text
}
