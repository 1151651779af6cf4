package matrix

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/search/race"
)

// budgetKey is the key of a spec that makes a race of its cells.
const budgetKey = "budget"

// budget reads how many trials a race over the cells has. The keys that say how many blocks there
// are, and when that may be fewer, are for who runs every cell; a number of blocks may stand beside
// it, for that is what a whole grid has.
func (p *parser) budget(n *yaml.Node, at map[string]*yaml.Node) {
	v, ok := p.blockCount(n, budgetKey, 1)
	if blocks := at["blocks"]; blocks != nil && blocks.Kind == yaml.MappingNode {
		p.diagnose(blocks, "with a budget blocks is one number, that of a whole grid: the race decides how often it asks "+
			"each cell")
	}
	if extra := at["blocks_extra"]; extra != nil {
		p.diagnose(extra, "blocks_extra has no meaning with a budget: what could not be measured is measured again")
	}
	cells := len(p.spec.Cells)
	if !ok || cells == 0 || len(p.spec.Scenarios) == 0 {
		return // what is wrong is told already
	}
	if cells < 2 {
		p.diagnose(n, "a race takes two cells at least: leave the budget out")
		return
	}
	if least := race.Least(cells, len(p.spec.Scenarios)); v < least {
		p.diagnose(n, "a budget of %d trials is too low: %d cells × %d scenarios take %d, for every cell is run once, and "+
			"the best of them three times", v, cells, len(p.spec.Scenarios), least)
		return
	}
	p.spec.Budget = v
}

// WithBudget returns the text of a spec with a budget, in the place of one that it may have; with 0 it
// has none, and every cell is run in every block. src is a spec that Parse accepts; whether the
// result is one too is for Parse to say.
func WithBudget(src []byte, budget int) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return nil, fmt.Errorf("set the budget: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("set the budget: the spec is no map")
	}
	top := doc.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == budgetKey {
			top.Content = slices.Delete(top.Content, i, i+2)
			break
		}
	}
	if budget > 0 {
		number := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(budget)}
		top.Content = append(top.Content, scalar(budgetKey), number)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(&doc), encoder.Close()); err != nil {
		return nil, fmt.Errorf("set the budget: %w", err)
	}
	return out.Bytes(), nil
}
