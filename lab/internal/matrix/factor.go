package matrix

import (
	"fmt"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// settings reads what is the same in every cell.
func (p *parser) settings(n *yaml.Node) {
	p.spec.Settings = p.bundle(n, "settings", origin{})
}

// bundle reads a map of settings that is given at a place.
func (p *parser) bundle(n *yaml.Node, what string, place origin) Settings {
	bundle := Settings{}
	fields := p.mapping(n, what)
	if len(fields) > MaxSettings {
		p.diagnose(n, "%s has %d entries; at most %d are allowed", what, len(fields), MaxSettings)
		return bundle
	}
	for _, f := range fields {
		setting, err := p.there.Services.Lookup(f.key.Value)
		if err != nil {
			p.diagnose(f.key, "%s %v", quote(f.key.Value), err)
			continue
		}
		if value, ok := p.value(f.value, setting); ok {
			bundle[setting.Name] = value
			place.setting = setting.Name
			p.origins[place] = f.value
		}
	}
	return bundle
}

// value reads the value of a setting in its one spelling.
func (p *parser) value(n *yaml.Node, setting Setting) (string, bool) {
	text, ok := p.scalar(n, setting.Name)
	if !ok {
		return "", false
	}
	canonical, err := setting.Canonical(text)
	if err != nil {
		p.diagnose(n, "%v", err)
		return "", false
	}
	return canonical, true
}

func (p *parser) factors(n *yaml.Node) {
	fields := p.mapping(n, "factors")
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		p.diagnose(n, "factors is empty; name at least one setting and its values")
	}
	if len(fields) > MaxFactors {
		p.diagnose(n, "%d factors are given; at most %d are allowed", len(fields), MaxFactors)
		return
	}
	owner := map[string]string{} // setting → the factor that sets it
	named := map[string]string{}
	for _, f := range fields {
		factor := Factor{Name: f.key.Value}
		p.distinct(named, f.key, "factor", factor.Name)
		if len(f.value.Content) > 2*MaxValues {
			p.diagnose(f.value, "factor %s has too many values; at most %d are allowed", quote(factor.Name), MaxValues)
			p.spec.Factors = append(p.spec.Factors, factor)
			continue
		}
		switch f.value.Kind {
		case yaml.SequenceNode:
			factor.Values = p.values(f.key, f.value)
		case yaml.MappingNode:
			factor.Values = p.bundles(f.key, f.value)
		default:
			p.is(f.value, yaml.SequenceNode, "factor "+quote(factor.Name), "a list of values or a map of bundles")
		}
		for _, v := range factor.Values {
			for setting := range v.Settings {
				if other, ok := owner[setting]; ok && other != factor.Name {
					p.diagnose(p.origins[origin{factor.Name, v.Name, setting}], "%s is set by factor %s too", setting, other)
					continue
				}
				owner[setting] = factor.Name
			}
		}
		p.spec.Factors = append(p.spec.Factors, factor)
	}
}

// values reads a factor that is a setting.
func (p *parser) values(key, n *yaml.Node) []Value {
	name := key.Value
	setting, err := p.there.Services.Lookup(name)
	if err != nil {
		p.diagnose(key, "factor %s has a list of values, so it must be a setting: it %v", quote(name), err)
		// Its values may be referred to, so they are kept as they stand.
		setting = Setting{Name: name, Type: text}
	}
	if at := p.origins[origin{setting: name}]; at != nil {
		p.diagnose(key, "%s is set for every cell in line %d too; remove one of them", name, at.Line)
	}
	var values []Value
	lines, named := map[string]int{}, map[string]string{}
	for _, item := range p.list(n, "factor "+quote(name)) {
		v, ok := p.value(item, setting)
		switch {
		case !ok:
		case lines[v] != 0:
			p.diagnose(item, "duplicate value %s of %s, first given in line %d", quote(v), name, lines[v])
		default:
			lines[v] = item.Line
			p.distinct(named, item, "value", v)
			values = append(values, Value{Name: v, Settings: Settings{name: v}})
			p.origins[origin{name, v, name}] = item
		}
	}
	return values
}

// bundles reads a factor that is a map of named bundles of settings.
func (p *parser) bundles(key, n *yaml.Node) []Value {
	name := key.Value
	if !factorText.MatchString(name) {
		p.diagnose(key, "a factor's name must be up to 64 of a-z, 0-9, _ and -, and begin with a letter, not %s", quote(name))
	}
	if _, err := p.there.Services.Lookup(name); err == nil {
		p.diagnose(key, "%s is a setting: give it a list of values, or name the bundles differently", name)
	}
	if len(n.Content) == 0 {
		p.diagnose(n, "factor %s has no bundles", quote(name))
	}
	var values []Value
	constants := Defaults().with(p.spec.Settings)
	same, named := map[string]string{}, map[string]string{} // what a bundle comes to → its name
	for _, f := range p.mapping(n, "factor "+quote(name)) {
		v := Value{Name: f.key.Value}
		if !bundleText.MatchString(v.Name) {
			p.diagnose(f.key, "a bundle's name must be up to 64 of a-z, A-Z, 0-9 and _.+-, not %s", quote(v.Name))
			continue
		}
		p.distinct(named, f.key, "bundle", v.Name)
		before := len(p.diagnostics)
		v.Settings = p.bundle(f.value, "bundle "+v.Name, origin{factor: name, value: v.Name})
		if len(p.diagnostics) == before {
			all := fmt.Sprint(constants.with(v.Settings)) // maps print in the order of their keys
			if other, ok := same[all]; ok {
				p.diagnose(f.key, "bundle %s sets the same as bundle %s: their cells would be duplicates", v.Name, other)
			}
			same[all] = v.Name
		}
		values = append(values, v)
	}
	return values
}

// distinct refuses a name that bench.txt would write like another one, for benchstat would take the two for one.
func (p *parser) distinct(named map[string]string, at *yaml.Node, what, name string) {
	key := BenchKey(name)
	if other, ok := named[key]; ok && other != name {
		p.diagnose(at, "%s %s is called %s in bench.txt, as %s is: name one of them differently",
			what, quote(name), key, quote(other))
	}
	named[key] = name
}

// BenchKey is a name as the Go benchmark format takes it within one of its own: no blank, no slash, which end a
// part of it, and no dash, which before a number would be read as GOMAXPROCS.
func BenchKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '/' || r == '-' {
			return '_'
		}
		return r
	}, name)
}
