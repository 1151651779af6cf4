package matrix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/route"
	"stormwave/lab/internal/strict"
)

// BlocksFor is the number of blocks of a scenario, extra ones aside.
func (p Plan) BlocksFor(s Scenario) int { return p.blocksOf(s) }

// ofReplica says whether a setting only has an effect where reads go to the replica.
func (c *Catalog) ofReplica(setting string) bool {
	s := c.backend.Setting(setting)
	return setting == FaultReplay || s != nil && s.Way == backend.Replica
}

// lacks says what way a cell would have to take for a setting to have an effect, "" if the
// setting has one.
func (c Cell) lacks(setting string, services *Catalog) string {
	way := c.Settings.Route()
	if services.ofReplica(setting) && !way.ReadsFrom(route.Replica) {
		return "reads from the replica"
	}
	for _, s := range services.services {
		its := setting == FaultCPU(s.Name) || s.Settings.Prefix != "" && strings.HasPrefix(setting, s.Settings.Prefix)
		if s.Pooler && its && !way.Through(s.Name) {
			return "goes through " + s.Title
		}
	}
	return ""
}

// sets says whether a cell gives a setting a value that is not its default.
func (c Cell) sets(setting string, defaults Settings) bool {
	value, ok := c.Settings[setting]
	return ok && value != defaults[setting]
}

// WarnOfIdle names the settings that have no effect in any cell that sets them, and the
// cells that are the same but for such settings.
func (p Plan) WarnOfIdle(services *Catalog) []string {
	var warnings []string
	defaults := services.Defaults()
	for _, name := range p.settings() {
		way, idle := "", true
		for _, c := range p.Cells {
			if c.sets(name, defaults) {
				lacks := c.lacks(name, services)
				way, idle = lacks, idle && lacks != ""
			}
		}
		if idle && way != "" {
			warnings = append(warnings, fmt.Sprintf("%s has no effect: no cell that sets it %s", name, way))
		}
	}
	same := make(map[string][]Cell) // by what has an effect
	var order []string
	for _, c := range p.Cells {
		if c.Control {
			continue
		}
		effective := maps.Clone(c.Settings)
		maps.DeleteFunc(effective, func(name, _ string) bool { return c.lacks(name, services) != "" })
		key := fmt.Sprint(effective) // maps print in the order of their keys
		if same[key] == nil {
			order = append(order, key)
		}
		same[key] = append(same[key], c)
	}
	for _, key := range order {
		if cells := same[key]; len(cells) > 1 {
			warnings = append(warnings, sameCells(cells))
		}
	}
	return warnings
}

// sameCells says that cells are the same, and which settings tell them apart in name only.
func sameCells(cells []Cell) string {
	const maxNamed = 3
	var labels, idle []string
	for _, c := range cells {
		labels = append(labels, c.Label)
		for name, value := range c.Settings {
			if value != cells[0].Settings[name] {
				idle = append(idle, name)
			}
		}
		for name := range cells[0].Settings {
			if _, ok := c.Settings[name]; !ok {
				idle = append(idle, name)
			}
		}
	}
	text := strings.Join(labels[:min(maxNamed, len(labels))], " | ")
	if more := len(labels) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	slices.Sort(idle)
	return fmt.Sprintf("these cells are the same, for %s has no effect in them: %s",
		strings.Join(slices.Compact(idle), ", "), text)
}

// settings are the names that any cell has, sorted.
func (p Plan) settings() []string {
	names := make(map[string]bool)
	for _, c := range p.Cells {
		for name := range c.Settings {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Known holds, by the prefix of a family, the names that the program takes.
// A family that is absent is not checked.
type Known map[string]map[string]bool

// knows says for each family who does not know a name; of others it is what is documented.
var knows = map[string]string{
	PostgresPrefix: "postgres --describe-config lists no",
	ScenarioPrefix: "no script of this plan reads",
	AppPrefix:      "the backend reads no",
}

// WarnOfUnknown names the settings that the program which gets them does not know, with the
// nearest name that it does.
func (p Plan) WarnOfUnknown(known Known) []string {
	var warnings []string
	for _, name := range p.settings() {
		prefix, member, _ := strings.Cut(name, ".")
		prefix += "."
		names, checked := known[prefix]
		if !checked || names[member] || strings.Contains(member, ".") { // of an extension, which only a running server knows
			continue
		}
		who := cmp.Or(knows[prefix], "the documents of its program list no")
		warnings = append(warnings, unknown(name, who, member, slices.Sorted(maps.Keys(names))))
	}
	return warnings
}

// Given returns the members of a family that any cell sets, each with its different values.
func (p Plan) Given(prefix string) map[string][]string {
	given := make(map[string][]string)
	for _, name := range p.settings() {
		if member, ok := strings.CutPrefix(name, prefix); ok {
			given[member] = p.values(name)
		}
	}
	return given
}

func unknown(name, who, member string, allowed []string) string {
	text := fmt.Sprintf("%s: %s %s", name, who, member)
	if near := strict.Nearest(member, allowed); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	return text
}

// values are the different values of a setting, in the order of the cells.
func (p Plan) values(name string) []string {
	var values []string
	for _, c := range p.Cells {
		if v, ok := c.Settings[name]; ok && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}
