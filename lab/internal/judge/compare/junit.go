package compare

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Fails says whether a comparison with this ruling is not to be let pass.
func (r Ruling) Fails(allowInconclusive bool) bool {
	return r.Outcome == Missed || r.Outcome == Inconclusive && !allowInconclusive
}

// suite and test are the part of JUnit's format that those who show it agree on.
type suite struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Cases    []test `xml:"testcase"`
}

type test struct {
	Class   string  `xml:"classname,attr"`
	Name    string  `xml:"name,attr"`
	Failure *result `xml:"failure,omitempty"`
	Skipped *result `xml:"skipped,omitempty"`
	Out     string  `xml:"system-out,omitempty"`
}

type result struct {
	Message string `xml:"message,attr"`
}

// JUnit is the rulings as a JUnit file, a test for each: one that fails the comparison is a failure, and
// one that is inconclusive and allowed is skipped.
func (c Comparison) JUnit(rulings []Ruling, allowInconclusive bool) ([]byte, error) {
	s := suite{Name: fmt.Sprintf("A = %s, B = %s", c.A, c.B), Tests: len(rulings)}
	for _, r := range rulings {
		one := test{Class: "lab.compare", Name: r.Gate}
		if r.Scenario != "" {
			one.Class, one.Name = one.Class+"."+strings.ReplaceAll(r.Scenario, ".", "_"), r.Gate+" in "+r.Cell
		}
		told := &result{fmt.Sprintf("%s: %s", r.Outcome, r.Why)}
		switch {
		case r.Fails(allowInconclusive):
			one.Failure = told
			s.Failures++
		case r.Outcome == Inconclusive:
			one.Skipped = told
			s.Skipped++
		default:
			one.Out = told.Message
		}
		s.Cases = append(s.Cases, one)
	}
	text, err := xml.MarshalIndent(struct {
		XMLName xml.Name `xml:"testsuites"`
		Suite   suite    `xml:"testsuite"`
	}{Suite: s}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write JUnit: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}
