package dashboard

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"stormwave/lab/internal/metric"
)

// panel is one graph, or some numbers of the present.
type panel struct {
	id      uint32
	looks   *looks
	title   string
	width   uint32 // of 24 columns
	worry   string // the sentence after “Worry ”, and what else is to be said
	lines   []line
	kind    kind
	stacked bool
	limit   *float64 // dashed line beyond which to worry; nil: none
	least   bool     // it is to worry about below it
	most    *float64 // the axis' end; nil: as high as the lines
	text    common.BigValueTextMode
	words   [2]string // for the states 0 and 1
}

type kind int

const (
	graph kind = iota
	figure
	progress
	states
)

// line is what a query gives: a line, or one for each value of the labels in its legend.
type line struct {
	legend string
	help   string
	query  string
	unit   metric.Unit
	dashed bool
}

const window = "$__rate_interval"

// of is a line of a metric.
func of(legend string, m *metric.Metric) line {
	return line{legend: legend, help: m.Help, unit: m.Unit, query: m.Query(window, labelsOf(legend)...)}
}

// raw is a line that is of no metric.
func raw(legend, query string, unit metric.Unit, help string) line {
	return line{legend: legend, help: help, query: query, unit: unit}
}

// as is the line with another query.
func (l line) as(query string) line { l.query = query; return l }

func (l line) dash() line { l.dashed = true; return l }

func lines(title string, width uint32, worry string, of ...line) *panel {
	return &panel{title: title, width: width, worry: worry, lines: of}
}

func (p *panel) stack() *panel                { p.stacked = true; return p }
func (p *panel) worryAbove(v float64) *panel  { p.limit = &v; return p }
func (p *panel) worryBelow(v float64) *panel  { p.limit, p.least = &v, true; return p }
func (p *panel) upTo(v float64) *panel        { p.most = &v; return p }
func (p *panel) states(off, on string) *panel { p.kind, p.words = states, [2]string{off, on}; return p }
func (p *panel) progress() *panel             { p.kind = progress; return p }

func (p *panel) figure(text common.BigValueTextMode) *panel {
	p.kind, p.text = figure, text
	return p
}

var placeholder = regexp.MustCompile(`{{(\w+)}}`)

// labelsOf are the labels that a legend is made of.
func labelsOf(legend string) []string {
	var labels []string
	for _, found := range placeholder.FindAllStringSubmatch(legend, -1) {
		labels = append(labels, found[1])
	}
	return labels
}

// description says what a panel shows, when to worry, and where its figures come from.
func (p *panel) description() string {
	var helps, sources []string
	for _, l := range p.lines {
		if l.help != "" && !slices.Contains(helps, l.help) {
			helps = append(helps, l.help)
		}
		for _, source := range sourcesOf(l.query) {
			if !slices.Contains(sources, source) {
				sources = append(sources, source)
			}
		}
	}
	about := strings.Join(helps, "; ")
	return strings.ToUpper(about[:1]) + about[1:] + ". Worry " + p.worry + " Source: " + strings.Join(sources, ", ") + "."
}

// endpoints are who serves the metrics that begin so.
var endpoints = []struct{ prefix, name string }{
	{"app_", "the backend"},
	{"k6_", "k6's remote write"},
	{"lab_", "the lab's exporter"},
	{"node_", "node_exporter"},
	{"pg_", "postgres_exporter"},
	{"pgbouncer_", "pgbouncer_exporter"},
	{"prometheus_", "Prometheus"},
	{"scrape_", "Prometheus"},
	{"up", "Prometheus"},
}

var exported = regexp.MustCompile(`\b(?:(?:app|k6|lab|node|pg|pgbouncer|prometheus|scrape)_\w+|up$)`)

func sourcesOf(query string) []string {
	var sources []string
	for _, found := range exported.FindAllString(inQuotes.ReplaceAllString(query, `""`), -1) {
		for _, e := range endpoints {
			if strings.HasPrefix(found, e.prefix) && !slices.Contains(sources, e.name) {
				sources = append(sources, e.name)
			}
		}
	}
	return sources
}

var inQuotes = regexp.MustCompile(`"[^"]*"`)

// Build is the panel as Grafana has it. The dashboard that it is put into gives it its place.
func (p *panel) Build() (dashboard.Panel, error) {
	height := uint32(8)
	if p.kind == figure || p.kind == progress {
		height = 4
	}
	built := dashboard.NewPanel()
	built.Id = &p.id
	built.Title = &p.title
	built.Description = new(p.description())
	built.Datasource = &source
	built.GridPos = &dashboard.GridPos{W: p.width, H: height}
	built.FieldConfig = &dashboard.FieldConfigSource{Defaults: p.defaults(), Overrides: p.overrides()}
	for i, l := range p.lines {
		built.Targets = append(built.Targets, p.target(string(rune('A'+i)), l))
	}
	built.Type, built.Options, built.FieldConfig.Defaults.Custom = p.look()
	return *built, built.Validate()
}

func (p *panel) target(id string, l line) query {
	q := query{Datasource: source, Expr: l.query, LegendFormat: l.legend, RefID: id}
	if p.kind == figure || p.kind == progress {
		q.Instant, q.Range = true, new(false)
	} else {
		q.Interval = "1s"
	}
	return q
}

func (p *panel) defaults() dashboard.FieldConfig {
	unit := p.lines[0].unit
	config := dashboard.FieldConfig{
		Unit:       new(unit.Grafana()),
		Min:        new(0.0),
		Max:        p.most,
		Color:      &dashboard.FieldColor{Mode: dashboard.FieldColorModeIdPaletteClassic},
		Thresholds: &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: p.steps()},
	}
	if p.kind != graph {
		config.Color.Mode = dashboard.FieldColorModeIdThresholds
	}
	switch {
	case p.kind == figure:
		config.Decimals = new(0.0)
	case p.kind == states:
		config.Min = nil
		config.Mappings = []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{
			Type: dashboard.MappingTypeValueToText,
			Options: map[string]dashboard.ValueMappingResult{
				"0": {Text: &p.words[0], Color: new(vermilion), Index: new(int32(0))},
				"1": {Text: &p.words[1], Color: new(green), Index: new(int32(1))},
			},
		}}}
	case unit == metric.Cores:
		config.Decimals = new(2.0)
	}
	return config
}

// steps are the colours from a value on, the first one from the lowest.
func (p *panel) steps() []dashboard.Threshold {
	const none = "transparent"
	below, above := none, vermilion
	switch {
	case p.kind == states:
		return []dashboard.Threshold{{Color: vermilion}, {Color: green, Value: new(1.0)}}
	case p.kind != graph && p.limit != nil:
		below = green
	case p.kind != graph:
		below = blue
	case p.least:
		below, above = vermilion, none
	}
	steps := []dashboard.Threshold{{Color: below}}
	if p.limit != nil {
		steps = append(steps, dashboard.Threshold{Color: above, Value: p.limit})
	}
	return steps
}

// overrides are the colours of all names that the legends may have.
func (p *panel) overrides() []dashboard.DashboardFieldConfigSourceOverrides {
	all := []dashboard.DashboardFieldConfigSourceOverrides{}
	if p.kind != graph && p.text != common.BigValueTextModeValueAndName {
		return all
	}
	for _, l := range p.lines {
		for _, n := range l.names(p.looks) {
			all = append(all, dashboard.DashboardFieldConfigSourceOverrides{
				Matcher:    dashboard.MatcherConfig{Id: n.matcher(), Options: new(n.text)},
				Properties: n.properties(p.stacked),
			})
		}
	}
	return all
}

// name is one that a line may have in the legend.
type name struct {
	text   string
	colour string
	dashed bool
}

// names are those of a line: its legend, with each value that the label in it may have.
func (l line) names(of *looks) []name {
	labels := labelsOf(l.legend)
	if len(labels) == 0 {
		return []name{{l.legend, of.colours[l.legend], l.dashed || of.dashed[l.legend]}}
	}
	var all []name
	for _, value := range of.values[labels[0]] {
		text := strings.Replace(l.legend, "{{"+labels[0]+"}}", value, 1)
		colour := cmp.Or(of.colours[text], of.colours[value])
		all = append(all, name{text, colour, l.dashed || of.dashed[value]})
	}
	return all
}

func (n name) matcher() string {
	if isPattern(n.text) {
		return "byRegexp"
	}
	return "byName"
}

func (n name) properties(stacked bool) []dashboard.DynamicConfigValue {
	colour := dashboard.FieldColor{Mode: dashboard.FieldColorModeIdFixed, FixedColor: &n.colour}
	if isPattern(n.text) {
		colour.Mode = dashboard.FieldColorModeIdShades
	}
	all := []dashboard.DynamicConfigValue{{Id: "color", Value: colour}}
	if n.dashed {
		line := common.LineStyle{Fill: new(common.LineStyleFillDash), Dash: []float64{6, 4}}
		all = append(all, dashboard.DynamicConfigValue{Id: "custom.lineStyle", Value: line})
	}
	if stacked && n.text == "limit" {
		alone := common.StackingConfig{Mode: new(common.StackingModeNone), Group: new(n.text)}
		all = append(all,
			dashboard.DynamicConfigValue{Id: "custom.stacking", Value: alone},
			dashboard.DynamicConfigValue{Id: "custom.fillOpacity", Value: 0},
		)
	}
	return all
}
