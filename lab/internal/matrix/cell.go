package matrix

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/backend"
)

// cells fills in Spec.Cells: the product of the factors less what is excluded, or
// the combinations that are listed.
func (p *parser) cells(root, listed, excluded, baseline *yaml.Node) {
	if listed != nil && excluded != nil {
		p.diagnose(excluded, "exclude goes with the full product of the factors; with cells, leave those out there")
	}
	// References are checked even where the factors themselves are at fault.
	var chosen []combo
	if listed != nil {
		chosen = p.listed(listed)
	} else if n := p.productSize(); n > MaxCells {
		p.diagnose(root, "the factors give more than %d cells; use fewer values, or list the cells", MaxCells)
		return
	} else {
		chosen = product(p.spec.Factors)
	}
	if excluded != nil && listed == nil {
		chosen = p.exclude(excluded, chosen)
	}
	if len(chosen) > MaxCells {
		p.diagnose(listed, "cells lists %d; at most %d are allowed", len(chosen), MaxCells)
		return
	}
	if plan := p.spec.head(); (len(chosen)+1)*plan.perCell(plan.Blocks) > MaxTrials {
		p.diagnose(root, "%d cells × %s are more than %d trials", len(chosen), plan.Repeats(), MaxTrials)
		return
	}
	if n := p.settingsOf(chosen); n > MaxAll {
		p.diagnose(root, "%d cells with %d settings in all; at most %d are allowed", len(chosen), n, MaxAll)
		return
	}
	p.expand(chosen)
	if baseline != nil {
		p.baseline(baseline, chosen)
	}
}

// productSize counts the cells of the full product, at most one beyond MaxCells.
func (p *parser) productSize() int {
	n := 1
	for _, f := range p.spec.Factors {
		n = min(n*min(len(f.Values), MaxCells+1), MaxCells+1)
	}
	return n
}

// selection reads a map of factor → value. Factors that are not named stand for
// any of their values; whole asks for all to be named. It is nil if there is a fault.
func (p *parser) selection(n *yaml.Node, what string, whole bool) combo {
	if !p.is(n, yaml.MappingNode, what, "a map of factors to values") {
		return nil
	}
	before := len(p.diagnostics)
	picked := make(combo, len(p.spec.Factors))
	names := make([]string, len(p.spec.Factors))
	for i, f := range p.spec.Factors {
		picked[i], names[i] = anyValue, f.Name
	}
	known := true
	for _, f := range p.mapping(n, what) {
		i := slices.Index(names, f.key.Value)
		if i < 0 {
			p.diagnose(f.key, "unknown factor %s in %s: %s", quote(f.key.Value), what, suggest(f.key.Value, names))
			continue
		}
		text, ok := p.scalar(f.value, names[i])
		if !ok {
			continue
		}
		factor := p.spec.Factors[i]
		if len(factor.Values) == 0 {
			known = false // its own diagnostic has been reported
			continue
		}
		if setting, err := p.there.Services.Lookup(factor.Name); err == nil {
			if canonical, err := setting.Canonical(text); err == nil {
				text = canonical
			}
		}
		picked[i] = slices.IndexFunc(factor.Values, func(v Value) bool { return v.Name == text })
		if picked[i] < 0 {
			p.diagnose(
				f.value, "%s is not a value of %s in this spec: %s", quote(text), factor.Name, suggest(text, factor.names()),
			)
		}
	}
	for i, name := range names {
		if whole && picked[i] == anyValue && known && len(p.diagnostics) == before {
			p.diagnose(n, "%s does not say which %s: %s", what, name, suggest("", p.spec.Factors[i].names()))
		}
	}
	if !known || len(p.diagnostics) > before {
		return nil
	}
	return picked
}

func (p *parser) listed(n *yaml.Node) []combo {
	var chosen []combo
	lines := map[string]int{}
	for _, item := range p.list(n, "cells") {
		c := p.selection(item, "a cell", true)
		if c == nil {
			continue
		}
		name := label(p.spec.Factors, c)
		if lines[name] != 0 {
			p.diagnose(item, "duplicate cell %s, first given in line %d", name, lines[name])
			continue
		}
		lines[name] = item.Line
		chosen = append(chosen, c)
	}
	return chosen
}

func (p *parser) exclude(n *yaml.Node, all []combo) []combo {
	for _, item := range p.list(n, "exclude") {
		pattern := p.selection(item, "an exclusion", false)
		if pattern == nil {
			continue
		}
		if len(item.Content) == 0 {
			p.diagnose(item, "an exclusion without a factor would exclude every cell")
			continue
		}
		left := slices.DeleteFunc(slices.Clone(all), func(c combo) bool { return c.matches(pattern) })
		if len(left) == len(all) && len(all) > 0 {
			p.diagnose(item, "this excludes no cell: none matches, or those before have excluded them")
		}
		all = left
	}
	return all
}

func (p *parser) baseline(n *yaml.Node, chosen []combo) {
	base := p.selection(n, "baseline", true)
	if base == nil {
		return
	}
	i := slices.IndexFunc(chosen, func(c combo) bool { return slices.Equal(c, base) })
	if i < 0 {
		p.diagnose(
			n, "the baseline %s is not a cell of this matrix; do not exclude it, or list it", label(p.spec.Factors, base),
		)
		return
	}
	p.spec.Cells[i].Baseline = true
}

// settingsOf counts the settings of all cells together, defaults included. A few
// factors of large bundles would make a small spec a huge plan.
func (p *parser) settingsOf(chosen []combo) int {
	each := len(Defaults()) + len(p.spec.Settings)
	n := 0
	for _, c := range chosen {
		n += each
		for i, f := range p.spec.Factors {
			n += len(f.Values[c[i]].Settings)
		}
	}
	return n
}

// expand makes a complete cell of each combo and checks what must hold within one.
func (p *parser) expand(chosen []combo) {
	constants := Defaults().with(p.spec.Settings)
	reported := map[string]bool{}
	for _, c := range chosen {
		cell := Cell{Label: label(p.spec.Factors, c), Levels: make(map[string]string, len(c))}
		var overlays []Settings
		for i, f := range p.spec.Factors {
			value := f.Values[c[i]]
			cell.Levels[f.Name] = value.Name
			overlays = append(overlays, value.Settings)
		}
		cell.Settings = constants.with(overlays...)
		for _, clash := range append(clashes(cell.Settings), clashesOfLoad(cell.Settings)...) {
			at := p.given(clash.setting, c)
			if at == nil {
				at = p.given(clash.other, c)
			}
			// One mistake shows in many cells; it is told for the first.
			key := fmt.Sprint(at.Line, ":", at.Column, clash)
			if !reported[key] {
				reported[key] = true
				p.diagnose(at, "%s (in cell %s)", clash, cell.Label)
			}
		}
		p.spec.Cells = append(p.spec.Cells, cell)
	}
}

// given finds where a cell's setting was given, nil if it is a default.
func (p *parser) given(setting string, c combo) *yaml.Node {
	for i, f := range p.spec.Factors {
		if at := p.origins[origin{f.Name, f.Values[c[i]].Name, setting}]; at != nil {
			return at
		}
	}
	return p.origins[origin{setting: setting}]
}

// clash is a pair of settings that cannot both be.
type clash struct {
	setting, value string
	relation       string
	other, against string
}

func (c clash) String() string {
	return fmt.Sprintf("%s %s must be %s %s %s", c.setting, c.value, c.relation, c.other, c.against)
}

// clashes returns the settings of a cell that contradict each other, as the backend's settings say.
func clashes(s Settings) []clash {
	var found []clash
	for _, setting := range backend.Bundled.Settings {
		value := s[setting.Name]
		against := func(relation, other string) {
			found = append(found, clash{setting.Name, value, relation, other, s[other]})
		}
		n, err := strconv.Atoi(value)
		if most, bound := strconv.Atoi(s[setting.AtMost]); err == nil && bound == nil && n > most {
			against("at most", setting.AtMost)
		}
		if setting.Needs != "" && value != "0" && s[setting.Needs] == backend.Unlimited {
			against("0 with", setting.Needs)
		}
		d := parsed(value)
		if d > 0 && d == parsed(s[setting.Unlike]) {
			against("shorter or longer than", setting.Unlike)
		}
		outer := setting.Under
		if setting.Name == HTTPTimeout {
			outer = []string{ClientTimeout}
		}
		// One that is too long for a layer may be so for all; the closest is told.
		i := slices.IndexFunc(outer, func(name string) bool { return parsed(s[name]) > 0 && d >= parsed(s[name]) })
		if i >= 0 {
			against("shorter than", outer[i])
		}
	}
	return found
}

// clashesOfLoad returns what a load asks for and cannot get: a route that the backend does not serve, an answer
// that the load does not wait for.
func clashesOfLoad(s Settings) []clash {
	said := unsaid.with(s)
	if share, err := strconv.ParseFloat(said[SlowShare], 64); err != nil || share == 0 {
		return nil
	}
	slow := backend.Bundled.Slow
	if route := AppPrefix + slow.Variable; s[route] != slow.Value {
		return []clash{{SlowShare, said[SlowShare], "0 without", route, slow.Value}}
	}
	if parsed(said[SlowTime]) >= parsed(said[ClientTimeout]) {
		return []clash{{SlowTime, said[SlowTime], "shorter than", ClientTimeout, said[ClientTimeout]}}
	}
	return nil
}

// parsed is the time limit that a value sets, 0 if it sets none.
func parsed(timeout string) time.Duration {
	d, _ := time.ParseDuration(timeout) // fails, and is 0, for none
	return d
}
