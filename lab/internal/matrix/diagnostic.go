package matrix

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Diagnostic is one thing that is wrong with a spec, and where.
type Diagnostic struct {
	Line, Col int // 1-based
	Msg       string
}

func (f Diagnostic) String() string { return fmt.Sprintf("%d:%d: %s", f.Line, f.Col, f.Msg) }

// Diagnostics is the error of Parse: everything that is wrong with a spec, in the
// order of the text.
type Diagnostics []Diagnostic

// Error lists the diagnostics, one per line.
func (f Diagnostics) Error() string {
	lines := make([]string, len(f))
	for i, diagnostic := range f {
		lines[i] = diagnostic.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the diagnostics in the order of the text, each once. more says that they
// are not all.
func (f Diagnostics) sorted(more bool) Diagnostics {
	slices.SortFunc(f, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Msg, b.Msg))
	})
	f = slices.Compact(f)
	if more {
		last := f[len(f)-1]
		f = append(f, Diagnostic{last.Line, last.Col, fmt.Sprintf("more is wrong than these %d; mend them first", len(f))})
	}
	return f
}

// quote makes foreign text fit for a message: quoted and not too long.
func quote(s string) string { return strconv.Quote(short(s)) }

func short(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// suggest ends a message about an unknown name: the likely name if one is near,
// and in any case all that are allowed.
func suggest(name string, allowed []string) string {
	const most = 40 // names in a message
	list := "allowed: " + strings.Join(allowed[:min(most, len(allowed))], ", ")
	if len(allowed) > most {
		return list + ", …"
	}
	if near := nearest(name, allowed); near != "" {
		return fmt.Sprintf("did you mean %s? (%s)", near, list)
	}
	return list
}

// nearest returns the allowed name with the fewest edits, "" if none is near.
func nearest(name string, allowed []string) string {
	const longest = 64 // no name that is allowed is longer
	if len(name) > longest {
		return ""
	}
	best, edits := "", max(1, (len(name)+1)/3)+1
	for _, candidate := range allowed {
		if d := distance(name, candidate); d < edits {
			best, edits = candidate, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
