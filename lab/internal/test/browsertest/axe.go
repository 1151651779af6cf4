//go:build services

package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// axeTimeout bounds a look at a page; one of a thousand rows takes axe-core ten seconds.
const axeTimeout = 2 * time.Minute

// Violation is something that keeps people out of a page.
type Violation struct {
	ID     string `json:"id"`     // axe-core's name of the rule
	Impact string `json:"impact"` // "minor", "moderate", "serious", "critical"
	Help   string `json:"help"`
	Nodes  []struct {
		HTML   string `json:"html"`
		Target []any  `json:"target"`
		Why    string `json:"failureSummary"`
	} `json:"nodes"`
}

func (v Violation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&text, "\n  %v\n  %.200s\n  %s", n.Target, n.HTML, strings.ReplaceAll(n.Why, "\n", "\n  "))
	}
	return text.String()
}

// Axe returns what axe-core finds wrong with the page that is shown.
func (tab *Tab) Axe() []Violation {
	tab.t.Helper()
	if !Eval[bool](tab, "typeof axe === 'object'") {
		Eval[bool](tab, tab.axe+"\n;true")
	}
	text := evalWithin[string](
		tab, axeTimeout, "axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(found.violations))",
	)
	var found []Violation
	tab.must("read what axe-core found", json.Unmarshal([]byte(text), &found))
	return found
}

// CheckAccessible fails the test for each violation that is serious or critical, and
// logs the others.
func (tab *Tab) CheckAccessible() {
	tab.t.Helper()
	for _, v := range tab.Axe() {
		if v.Impact == "serious" || v.Impact == "critical" {
			tab.t.Errorf("axe-core: %s", v)
		} else {
			tab.t.Logf("axe-core: %s", v)
		}
	}
}
