package matrix

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/strict"
)

// Bounds of a spec: far above any run that ends, far below what hurts the reader.
const (
	MaxBytes       = strict.MaxBytes
	MaxFactors     = 16
	MaxSettings    = 256   // of one bundle, and the same in every cell
	MaxValues      = 1_000 // of one factor
	MaxCells       = 1_000
	MaxTrials      = 100_000
	MaxScale       = 10
	MaxAll         = 200_000 // settings of all cells together
	MaxDiagnostics = strict.MaxDiagnostics
)

var keys = []string{
	"name", "backend", "scenarios", "factors", "exclude", "cells", "settings", "baseline", "blocks", "blocks_extra",
	"budget", "seed", "slo", "margin", "cpus", "expect", "calibrate",
}

// allowTargets is kept for hosts, besides this machine, that a load may be sent to.
const allowTargets = "allow_targets"

var required = []string{"name", "scenarios", "factors", "baseline", "slo"}

var (
	nameText   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	factorText = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
	bundleText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$`)
)

// Parse reads a spec that may name what there is. The error is Diagnostics: everything
// that is wrong, each with its line and column.
func Parse(src []byte, there Inventory) (*Spec, error) {
	p := &parser{
		Reader:  strict.Reader{What: "the spec", Kind: "a spec", Need: strings.Join(required, ", ")},
		there:   there,
		spec:    Spec{Settings: Settings{}, Blocks: 1, Seed: 1, Margin: DefaultMargin},
		origins: map[origin]*yaml.Node{},
	}
	if err := p.Read(src, p.top); err != nil {
		return nil, err
	}
	return &p.spec, nil
}

// parser collects a spec and its diagnostics from YAML nodes. A part with a diagnostic is
// left out of the spec, so that one mistake is reported once.
type parser struct {
	strict.Reader
	there   Inventory
	spec    Spec
	origins map[origin]*yaml.Node // where each setting was given
}

// origin names the place of a setting: a factor's value, or, with both empty, "settings".
type origin struct{ factor, value, setting string }

// top reads the keys of the spec, those first that others refer to.
func (p *parser) top(root *yaml.Node) {
	if !p.is(root, yaml.MappingNode, "a spec", "a map") {
		return
	}
	at := map[string]*yaml.Node{}
	for _, f := range p.mapping(root, "the spec") {
		if f.key.Value == allowTargets {
			p.diagnose(f.key, "%s is not possible yet: the load goes to the lab's own backend, on this machine, "+
				"and nowhere else; leave it out", allowTargets)
			continue
		}
		if !slices.Contains(keys, f.key.Value) {
			p.diagnose(f.key, "unknown key %s: %s", quote(f.key.Value), suggest(f.key.Value, keys))
			continue
		}
		at[f.key.Value] = f.value
	}
	for _, key := range required {
		if at[key] == nil {
			p.diagnose(root, "key %q is missing", key)
		}
	}
	readers := []struct {
		key  string
		read func(*yaml.Node)
	}{
		{"name", p.name},
		{"backend", p.backend},
		{"scenarios", p.scenarios},
		{"settings", p.settings},
		{"factors", p.factors},
		{"blocks", p.blocks},
		{"blocks_extra", p.blocksExtra},
		{"seed", p.seed},
		{"slo", p.slo},
		{"margin", p.margin},
		{"cpus", p.cpus},
		{"calibrate", p.calibrate},
	}
	for _, r := range readers {
		if n := at[r.key]; n != nil {
			r.read(n)
		}
	}
	p.cells(root, at["cells"], at["exclude"], at["baseline"])
	if n := at["budget"]; n != nil {
		p.budget(n, at)
	}
	if n := at["expect"]; n != nil {
		p.expect(n)
	}
}

func (p *parser) name(n *yaml.Node) {
	text, ok := p.scalar(n, "name")
	if ok && !nameText.MatchString(text) {
		p.diagnose(n, "name must be up to 64 of a-z, 0-9 and -, not %s", quote(text))
	}
	p.spec.Name = text
}

// backend reads which backend is under test. Who calls Parse has looked for it, by BackendOf.
func (p *parser) backend(n *yaml.Node) {
	text, ok := p.scalar(n, "backend")
	switch {
	case !ok:
	case commitText.MatchString(text):
		p.diagnose(n, "backend must be the name of a backend, or the path of its manifest, not a commit: "+
			"for a commit of this repository use %s among settings or factors", Commit)
	case p.there.Missing != nil:
		p.diagnose(n, "backend %s: %v", quote(text), p.there.Missing)
	}
	p.spec.Backend = text
}

// BackendOf returns the value of the key backend of a spec, empty if it has none or cannot be read.
func BackendOf(src []byte) string {
	var doc yaml.Node
	if len(src) > MaxBytes || yaml.Unmarshal(src, &doc) != nil || doc.Kind != yaml.DocumentNode {
		return ""
	}
	if n := entry(doc.Content[0], "backend"); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

func (p *parser) scenarios(n *yaml.Node) {
	exist := p.there.Scenarios
	seen := map[Scenario]int{}
	for _, item := range p.list(n, "scenarios") {
		text, ok := p.scalar(item, "a scenario")
		if !ok {
			continue
		}
		s, err := parseScenario(text)
		if err != nil {
			p.diagnose(item, "%v", err)
			continue
		}
		if !slices.Contains(exist, s.Name) {
			p.diagnose(item, "unknown scenario %s: %s", quote(s.Name), suggest(s.Name, exist))
			continue
		}
		if seen[s] != 0 {
			p.diagnose(item, "duplicate scenario %s, first given in line %d", s, seen[s])
			continue
		}
		seen[s] = item.Line
		p.spec.Scenarios = append(p.spec.Scenarios, s)
	}
}

// parseScenario reads a scenario as a spec writes it: "storm", or "wave@0.25".
func parseScenario(text string) (Scenario, error) {
	name, factor, scaled := strings.Cut(text, "@")
	s := Scenario{Name: name, Scale: 1}
	if !scenarioText.MatchString(name) {
		return s, fmt.Errorf("scenario %s: its name must be up to 64 of a-z, A-Z, 0-9, _ and -", quote(text))
	}
	if !scaled {
		return s, nil
	}
	var err error
	s.Scale, err = strconv.ParseFloat(factor, 64)
	// Written so that NaN fails too.
	if err != nil || !(s.Scale > 0 && s.Scale <= MaxScale) {
		return s, fmt.Errorf(
			"scenario %s: the scale after @ must be above 0 and at most %d, as in wave@0.25", quote(text), MaxScale,
		)
	}
	return s, nil
}

func (p *parser) seed(n *yaml.Node) {
	text, ok := p.scalar(n, "seed")
	if !ok {
		return
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		p.diagnose(n, "seed must be a whole number from 0 to %d, not %s", uint64(math.MaxUint64), quote(text))
	}
	p.spec.Seed = v
}

func (p *parser) slo(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		p.mapping(n, "slo")
		return
	}
	allowed := []string{"error_ratio", "p99"}
	given := map[string]bool{}
	for _, f := range p.mapping(n, "slo") {
		key := f.key.Value
		given[key] = true
		if !slices.Contains(allowed, key) {
			p.diagnose(f.key, "unknown key %s in slo: %s", quote(key), suggest(key, allowed))
			continue
		}
		text, ok := p.scalar(f.value, "slo "+key)
		if !ok {
			continue
		}
		switch key {
		case "error_ratio":
			number, percent := strings.CutSuffix(text, "%")
			v, err := strconv.ParseFloat(number, 64)
			if percent {
				v /= 100
			}
			if err != nil || !(v >= 0 && v <= 1) {
				p.diagnose(f.value, "slo error_ratio must be a share from 0 to 1, or a percentage such as 1%%, not %s", quote(text))
			}
			p.spec.SLO.ErrorRatio = v
		case "p99":
			v, err := time.ParseDuration(text)
			if err != nil || v <= 0 {
				p.diagnose(f.value, "slo p99 must be a duration above 0, such as 500ms, not %s", quote(text))
			}
			p.spec.SLO.P99 = Duration(v)
		}
	}
	for _, key := range allowed {
		if !given[key] {
			p.diagnose(n, "slo needs %s", key)
		}
	}
}

// margin reads the least ratio that matters, or a map {ratio, failed}.
func (p *parser) margin(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		p.spec.Margin.Ratio = p.percentage(n, "margin")
		return
	}
	parts := map[string]*float64{"ratio": &p.spec.Margin.Ratio, "failed": &p.spec.Margin.Failed}
	for _, f := range p.mapping(n, "margin") {
		part, ok := parts[f.key.Value]
		if !ok {
			allowed := slices.Sorted(maps.Keys(parts))
			p.diagnose(f.key, "unknown key %s in margin: %s", quote(f.key.Value), suggest(f.key.Value, allowed))
			continue
		}
		*part = p.percentage(f.value, "margin "+f.key.Value)
	}
}

func (p *parser) cpus(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Value == "none" {
		return
	}
	if !p.is(n, yaml.MappingNode, "cpus", "none or a map of services") {
		return
	}
	p.spec.CPUs = CPUs{}
	names := p.there.Services.pinned()
	for _, f := range p.mapping(n, "cpus") {
		service := f.key.Value
		if !slices.Contains(names, service) {
			p.diagnose(f.key, "unknown service %s in cpus: %s", quote(service), suggest(service, names))
			continue
		}
		list, ok := p.scalar(f.value, "cpus "+service)
		if !ok {
			continue
		}
		if err := checkCPUList(list, p.there.CPUs); err != nil {
			p.diagnose(f.value, "cpus %s %v", service, err)
			continue
		}
		p.spec.CPUs[service] = list
	}
}
