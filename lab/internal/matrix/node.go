package matrix

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is one entry of a map.
type field struct{ key, value *yaml.Node }

func (p *parser) diagnose(n *yaml.Node, format string, args ...any) {
	if len(p.diagnostics) == MaxDiagnostics {
		p.more = true
		panic(errTooMany)
	}
	p.diagnostics = append(
		p.diagnostics, Diagnostic{Line: max(1, n.Line), Col: max(1, n.Column), Msg: fmt.Sprintf(format, args...)},
	)
}

// yamlLine finds the place in an error of the YAML library, which gives no column.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlParser tells the errors of the library's parser, whose lines count from 0,
// from those of its scanner, whose lines count from 1.
var yamlParser = regexp.MustCompile(`did not find expected (<|node|key|',' or|'-')`)

// document reads the text as one YAML document without aliases, and returns its
// top node, nil if there is none.
func (p *parser) document(src []byte) *yaml.Node {
	start := &yaml.Node{Line: 1, Column: 1}
	if len(src) > MaxBytes {
		p.diagnose(start, "the spec has %d bytes; at most %d are read", len(src), MaxBytes)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		p.diagnose(start, "the spec is empty; it needs %s", strings.Join(required, ", "))
		return nil
	case err != nil:
		p.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		p.syntax(err)
	default:
		p.diagnose(&more, "a second YAML document starts here; a spec is one")
	}
	p.refuseAliases(&doc)
	return doc.Content[0]
}

func (p *parser) syntax(err error) {
	message := err.Error()
	at := &yaml.Node{}
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		at.Line, _ = strconv.Atoi(match[1]) // 0 if it gives no line; diagnostic makes that 1
	}
	if yamlParser.MatchString(message) {
		at.Line++
	}
	p.diagnose(at, "not YAML: %s", yamlLine.ReplaceAllString(message, ""))
}

// refuseAliases keeps a small text from meaning a huge one.
func (p *parser) refuseAliases(n *yaml.Node) {
	if n.Anchor != "" {
		p.diagnose(n, "anchor &%s: anchors are not allowed; write the value out", short(n.Anchor))
	}
	if n.Kind == yaml.AliasNode {
		p.diagnose(n, "alias *%s: aliases are not allowed; write the value out", short(n.Value))
		return
	}
	for _, child := range n.Content {
		p.refuseAliases(child)
	}
}

// describe names what a node is, for "must be a list, not …".
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "empty"
	default:
		return quote(n.Value)
	}
}

// is checks a node's kind. An alias is no match, but has been reported already.
func (p *parser) is(n *yaml.Node, kind yaml.Kind, what, want string) bool {
	if n.Kind == yaml.AliasNode {
		return false
	}
	if n.Kind != kind {
		p.diagnose(n, "%s must be %s, not %s", what, want, describe(n))
		return false
	}
	return true
}

// mapping returns the entries of a map, each key once.
func (p *parser) mapping(n *yaml.Node, what string) []field {
	if !p.is(n, yaml.MappingNode, what, "a map") {
		return nil
	}
	var fields []field
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.ShortTag() == "!!merge":
			p.diagnose(key, "merge keys are not allowed; write the entries out")
		case key.Kind == yaml.AliasNode:
		case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!null":
			p.diagnose(key, "a key of %s must be a name, not %s", what, describe(key))
		case len(key.Value) > MaxText:
			p.diagnose(key, "a key of %s has %d bytes; at most %d are allowed", what, len(key.Value), MaxText)
		case lines[key.Value] != 0:
			p.diagnose(key, "duplicate key %s, first given in line %d", quote(key.Value), lines[key.Value])
		default:
			lines[key.Value] = key.Line
			fields = append(fields, field{key, value})
		}
	}
	return fields
}

// list returns the entries of a list that has some.
func (p *parser) list(n *yaml.Node, what string) []*yaml.Node {
	if !p.is(n, yaml.SequenceNode, what, "a list") {
		return nil
	}
	if len(n.Content) == 0 {
		p.diagnose(n, "%s is an empty list", what)
	}
	return n.Content
}

// scalar returns the text of a single value, whatever YAML would make of it.
func (p *parser) scalar(n *yaml.Node, what string) (string, bool) {
	if !p.is(n, yaml.ScalarNode, what, "a single value") {
		return "", false
	}
	if len(n.Value) > MaxText {
		p.diagnose(n, "%s has %d bytes; at most %d are allowed", what, len(n.Value), MaxText)
		return "", false
	}
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		return n.Value, true
	case "!!null":
		p.diagnose(n, "%s is empty", what)
	default:
		p.diagnose(n, "%s has the YAML tag %s; only plain values are allowed", what, quote(tag))
	}
	return "", false
}
