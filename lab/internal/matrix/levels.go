package matrix

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// LevelsOf returns the cell's levels of these factors, in their order, each as a label writes
// it: quoted where it has blanks.
func (c Cell) LevelsOf(factors []string) []string {
	texts := make([]string, len(factors))
	for i, factor := range factors {
		texts[i] = labelText(c.Levels[factor])
	}
	return texts
}

// LabelOf names the cell by its levels of these factors.
func (c Cell) LabelOf(factors []string) string {
	parts := make([]string, len(factors))
	for i, level := range c.LevelsOf(factors) {
		parts[i] = factors[i] + "=" + level
	}
	return strings.Join(parts, " ")
}

// levelled says whether the cell has a level of each of the factors, and no other.
func (c Cell) levelled(factors []string) bool {
	for _, factor := range factors {
		if _, ok := c.Levels[factor]; !ok {
			return false
		}
	}
	return len(c.Levels) == len(factors)
}

// SetLevels completes a plan from before cells held their levels, by the spec that it was made
// of: the level of a setting is the cell's value of it, that of a factor with bundles the
// bundle that the label names. A plan whose cells hold them stays as it is. It fails for a spec
// that is not the plan's.
func (p *Plan) SetLevels(spec []byte) error {
	if len(p.Cells) == 0 || p.Cells[0].Levels != nil {
		return nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(spec, &doc); err != nil {
		return fmt.Errorf("read the levels of the factors: %w", err)
	}
	if doc.Kind != yaml.DocumentNode {
		return errors.New("read the levels of the factors: the spec is empty")
	}
	factors := entry(doc.Content[0], "factors")
	if factors == nil {
		return errors.New("read the levels of the factors: the spec has none")
	}
	for i := range p.Cells {
		cell := &p.Cells[i]
		cell.Levels = make(map[string]string, len(p.Factors))
		for _, factor := range p.Factors {
			level, ok := cell.levelIn(factor, entry(factors, factor))
			if !ok {
				return fmt.Errorf("cell %s has no level of factor %s in the spec", quote(cell.Label), quote(factor))
			}
			cell.Levels[factor] = level
		}
	}
	return nil
}

// levelIn finds the cell's level among those that a spec gives a factor.
func (c *Cell) levelIn(factor string, given *yaml.Node) (string, bool) {
	if given == nil || given.Kind != yaml.MappingNode {
		value, ok := c.Settings[factor]
		return value, ok && given != nil
	}
	for i := 0; i < len(given.Content); i += 2 {
		bundle := given.Content[i].Value
		if strings.Contains(" "+c.Label+" ", " "+factor+"="+bundle+" ") {
			return bundle, true
		}
	}
	return "", false
}
