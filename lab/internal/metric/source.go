package metric

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
)

// Source is where Prometheus has a metric, and what is made of it.
type Source struct {
	// Family selects all series that are read together. The metric is missing where none of them is there;
	// where one is, those that count and are not there are 0.
	Family    Selector
	Of        []Matcher // which count; none: all
	Less      []Matcher // which are taken off; none: none
	Per       []Matcher // which count as the whole of a ratio; none: all
	By        string    // one number, and one curve, for each value of the label
	Scale     float64   // to the unit; 0: 1
	Histogram string    // the family is of histograms: PromQL that makes a number, with %s for their sum
	Reduce    Reduction
	Draw      Drawing
}

// Matcher chooses series by a label.
type Matcher struct {
	label, operator, text string
	value                 *regexp.Regexp // all of a value; nil: the text itself
	not                   bool
}

// Is chooses series with that value.
func Is(label, value string) Matcher { return Matcher{label: label, operator: "=", text: value} }

// Not leaves them out.
func Not(label, value string) Matcher {
	return Matcher{label: label, operator: "!=", text: value, not: true}
}

// Like chooses series whose value matches a pattern as a whole.
func Like(label, pattern string) Matcher {
	return Matcher{label: label, operator: "=~", text: pattern, value: regexp.MustCompile("^(?:" + pattern + ")$")}
}

// Unlike leaves them out.
func Unlike(label, pattern string) Matcher {
	m := Like(label, pattern)
	m.operator, m.not = "!~", true
	return m
}

// Named chooses the series of one name.
func Named(name string) Matcher { return Is(model.MetricNameLabel, name) }

// Matches says whether it chooses a series.
func (m Matcher) Matches(labels model.Metric) bool {
	value := string(labels[model.LabelName(m.label)])
	if m.value != nil {
		return m.value.MatchString(value) != m.not
	}
	return (value == m.text) != m.not
}

func (m Matcher) String() string { return m.label + m.operator + strconv.Quote(m.text) }

// Match says whether all of them choose a series.
func Match(all []Matcher, labels model.Metric) bool {
	return !slices.ContainsFunc(all, func(m Matcher) bool { return !m.Matches(labels) })
}

// Selector selects series by name and labels.
type Selector struct {
	Names []string
	Where []Matcher
}

// series selects series of a job of Prometheus.
func series(job string, names ...string) Selector { return Selector{names, []Matcher{Is("job", job)}} }

// and narrows a selector.
func (s Selector) and(more ...Matcher) Selector {
	narrow := Selector{Names: s.Names, Where: slices.Clone(s.Where)}
	for _, m := range more {
		if m.label == model.MetricNameLabel && m.operator == "=" {
			narrow.Names = []string{m.text}
			continue
		}
		narrow.Where = append(narrow.Where, m)
	}
	return narrow
}

// String is the selector in PromQL.
func (s Selector) String() string {
	where := slices.Clone(s.Where)
	name := s.Names[0]
	if len(s.Names) > 1 {
		name = ""
		where = slices.Insert(where, 0, Like(model.MetricNameLabel, strings.Join(s.Names, "|")))
	}
	if len(where) == 0 {
		return name
	}
	texts := make([]string, len(where))
	for i, m := range where {
		texts[i] = m.String()
	}
	return name + "{" + strings.Join(texts, ",") + "}"
}

// Reduction makes one number of a trial's window of a family that covers it.
//
// Counters have one of two windows. What the load has caused (requests, statements, errors, connections opened) is
// told late, and nothing else causes it: it counts from the load's start until all has been told. What goes on
// without a load too (CPU, pressure, disks, network) counts from the load's start to its end: those are “in load”.
type Reduction int

// The reductions. The series of a counter or a gauge are added up first.
const (
	Unread         Reduction = iota // there is no number
	Growth                          // of a counter
	GrowthIfAny                     // none where it is 0
	Sent                            // growth since before anything was sent
	Rate                            // growth per second of the load
	RateInLoad                      // the same, in load
	PeakRate                        // the highest between two samples
	TimeInLoad                      // share of the load that a clock of seconds has run in, at most 1
	TopTimeInLoad                   // the same of the series with most
	Part                            // growth of what counts, per growth of the whole
	PartInLoad                      // the same, in load
	Highest                         // of a gauge
	HighestIfThere                  // none where no series that counts is there
	HighestOne                      // of a single series
	MeanOverLoad                    // of a gauge; a series that is not there is 0
	OverHistogram                   // what Source.Histogram makes of all observations
)

// Drawing is what a curve shows of each moment.
type Drawing int

// The drawings. Series are added up, but for the tops.
const (
	Level    Drawing = iota // of a gauge
	Speed                   // growth of a counter per second
	Share                   // speed of what counts, per speed of the whole
	TopLevel                // of the series with the highest
	TopSpeed                // of the series with the fastest
	Spread                  // what Source.Histogram makes of the observations since the moment before
)

func (r Reduction) drawing() Drawing {
	switch r {
	case Highest, HighestIfThere, MeanOverLoad, Unread:
		return Level
	case HighestOne:
		return TopLevel
	case TopTimeInLoad:
		return TopSpeed
	case Part, PartInLoad:
		return Share
	case OverHistogram:
		return Spread
	}
	return Speed
}

// Only narrows a metric to some of its series.
func (m *Metric) Only(which ...Matcher) *Metric {
	narrow := *m
	narrow.Family = m.Family.and(which...)
	return &narrow
}

// Query is the metric over time in PromQL. Rates are over a window ("4s"), and the labels by tell curves apart.
func (m *Metric) Query(window string, by ...string) string {
	switch m.Draw {
	case Level, TopLevel:
		return m.total("", "", by)
	case Spread:
		return m.Distribution(gather("sum", by) + "(rate(" + m.Family.and(m.Of...).String() + "[" + window + "]))")
	}
	return m.total("rate", window, by)
}

// Peak is Query with the highest value that a gauge had in the window.
func (m *Metric) Peak(window string, by ...string) string {
	return m.total("max_over_time", window, by)
}

// Increase is by how much a counter has grown in the window.
func (m *Metric) Increase(window string, by ...string) string { return m.total("increase", window, by) }

// OrZero is Query with 0 where nothing that counts has begun, but something of the family has.
func (m *Metric) OrZero(window string) string {
	return m.Query(window) + " or 0 * " + m.sum(nil, "rate", window, nil)
}

// Distribution is what is made of a sum of histograms, in PromQL.
func (m *Metric) Distribution(sum string) string {
	return m.scaled(strings.ReplaceAll(m.Histogram, "%s", sum))
}

func (m *Metric) total(function, window string, by []string) string {
	whole := m.sum(m.Of, function, window, by)
	switch {
	case m.Draw == Share:
		per := m.sum(m.Per, function, window, by)
		// A series that counts may not have begun.
		whole = fmt.Sprintf("(%s or 0 * %s) / (%s > 0)", whole, per, per)
	case m.Less != nil:
		whole += " - " + m.sum(m.Less, function, window, by)
	}
	return m.scaled(whole)
}

// sum adds up the series that some matchers choose. Series of several names are added up name by name: what a
// function makes of them would have the same labels.
func (m *Metric) sum(which []Matcher, function, window string, by []string) string {
	over := m.Family.and(which...)
	how := "sum"
	if m.Draw == TopLevel || m.Draw == TopSpeed {
		how = "max"
	}
	terms := make([]string, len(over.Names))
	for i, name := range over.Names {
		series := Selector{[]string{name}, over.Where}.String()
		if function != "" {
			series = function + "(" + series + "[" + window + "])"
		}
		terms[i] = gather(how, by) + "(" + series + ")"
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return "(" + strings.Join(terms, " + ") + ")"
}

func (m *Metric) scaled(query string) string {
	if m.Scale == 0 {
		return query
	}
	return strconv.FormatFloat(m.Scale, 'f', -1, 64) + " * " + query
}

func gather(how string, by []string) string {
	if len(by) == 0 {
		return how
	}
	return how + " by (" + strings.Join(by, ", ") + ") "
}
