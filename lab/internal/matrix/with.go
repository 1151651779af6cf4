package matrix

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// WithFactor returns the text of a spec with one more factor, a setting with a list
// of values: every cell once with each of them. The baseline takes the first. src is
// a spec that Parse accepts; whether the result is one too is for Parse to say.
func WithFactor(src []byte, setting string, values []string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return nil, fmt.Errorf("add factor %s: %w", setting, err)
	}
	if doc.Kind != yaml.DocumentNode {
		return nil, fmt.Errorf("add factor %s: the spec is empty", setting)
	}
	top := doc.Content[0]
	factors, baseline, cells := entry(top, "factors"), entry(top, "baseline"), entry(top, "cells")
	if factors == nil || baseline == nil || len(values) == 0 {
		return nil, fmt.Errorf("add factor %s: it takes a spec with factors and a baseline, and values", setting)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, v := range values {
		list.Content = append(list.Content, scalar(v))
	}
	*factors = with(factors, setting, list)
	*baseline = with(baseline, setting, scalar(values[0]))
	if cells != nil {
		var all []*yaml.Node
		for _, cell := range cells.Content {
			for _, v := range values {
				all = append(all, new(with(cell, setting, scalar(v))))
			}
		}
		cells.Content = all
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(&doc), encoder.Close()); err != nil {
		return nil, fmt.Errorf("add factor %s: %w", setting, err)
	}
	return out.Bytes(), nil
}

// entry returns the value of a map's key, nil if it has none.
func entry(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// with is a map with one more entry.
func with(n *yaml.Node, key string, value *yaml.Node) yaml.Node {
	more := *n
	more.Content = append(n.Content[:len(n.Content):len(n.Content)], scalar(key), value)
	return more
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
