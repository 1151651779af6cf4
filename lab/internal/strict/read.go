package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Bounds of a text: far above what anybody writes, far below what hurts the reader.
const (
	MaxBytes       = 1 << 20
	MaxText        = 512 // bytes of a key or a value
	MaxDiagnostics = 200 // that are told of one text
)

// Reader reads one text, and collects what is wrong with it.
type Reader struct {
	What string // "the spec", in messages
	Kind string // "a spec"
	Need string // what an empty text lacks, in words

	Diagnostics Diagnostics
	more        bool // there are more than MaxDiagnostics
}

// errTooMany ends the reading of a text after MaxDiagnostics: a small file of nothing but
// mistakes would else come to hundreds of megabytes of messages.
var errTooMany = errors.New("too many mistakes")

// Read lets top read the first node of the text, unless more is wrong with it than anybody would read. The error is
// Diagnostics: everything that is wrong.
func (r *Reader) Read(src []byte, top func(*yaml.Node)) error {
	r.read(src, top)
	if len(r.Diagnostics) > 0 {
		return r.Diagnostics.sorted(r.more)
	}
	return nil
}

func (r *Reader) read(src []byte, top func(*yaml.Node)) {
	defer func() {
		if p := recover(); p != nil && p != errTooMany {
			panic(p)
		}
	}()
	if root := r.document(src); root != nil {
		top(root)
	}
}

// Field is one entry of a map.
type Field struct{ Key, Value *yaml.Node }

// Diagnose notes a mistake at a node.
func (r *Reader) Diagnose(n *yaml.Node, format string, args ...any) {
	if len(r.Diagnostics) == MaxDiagnostics {
		r.more = true
		panic(errTooMany)
	}
	r.Diagnostics = append(
		r.Diagnostics, Diagnostic{Line: max(1, n.Line), Col: max(1, n.Column), Msg: fmt.Sprintf(format, args...)},
	)
}

// yamlLine finds the place in an error of the YAML library, which gives no column.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlParser tells the errors of the library's parser, whose lines count from 0,
// from those of its scanner, whose lines count from 1.
var yamlParser = regexp.MustCompile(`did not find expected (<|node|key|',' or|'-')`)

// document reads the text as one YAML document without aliases, and returns its
// top node, nil if there is none.
func (r *Reader) document(src []byte) *yaml.Node {
	start := &yaml.Node{Line: 1, Column: 1}
	if len(src) > MaxBytes {
		r.Diagnose(start, "%s has %d bytes; at most %d are read", r.What, len(src), MaxBytes)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		r.Diagnose(start, "%s is empty; it needs %s", r.What, r.Need)
		return nil
	case err != nil:
		r.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		r.syntax(err)
	default:
		r.Diagnose(&more, "a second YAML document starts here; %s is one", r.Kind)
	}
	r.refuseAliases(&doc)
	return doc.Content[0]
}

func (r *Reader) syntax(err error) {
	message := err.Error()
	at := &yaml.Node{}
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		at.Line, _ = strconv.Atoi(match[1]) // 0 if it gives no line; diagnostic makes that 1
	}
	if yamlParser.MatchString(message) {
		at.Line++
	}
	r.Diagnose(at, "not YAML: %s", yamlLine.ReplaceAllString(message, ""))
}

// refuseAliases keeps a small text from meaning a huge one.
func (r *Reader) refuseAliases(n *yaml.Node) {
	if n.Anchor != "" {
		r.Diagnose(n, "anchor &%s: anchors are not allowed; write the value out", short(n.Anchor))
	}
	if n.Kind == yaml.AliasNode {
		r.Diagnose(n, "alias *%s: aliases are not allowed; write the value out", short(n.Value))
		return
	}
	for _, child := range n.Content {
		r.refuseAliases(child)
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
		return Quote(n.Value)
	}
}

// Is checks a node's kind. An alias is no match, but has been reported already.
func (r *Reader) Is(n *yaml.Node, kind yaml.Kind, what, want string) bool {
	if n.Kind == yaml.AliasNode {
		return false
	}
	if n.Kind != kind {
		r.Diagnose(n, "%s must be %s, not %s", what, want, describe(n))
		return false
	}
	return true
}

// Mapping returns the entries of a map, each key once.
func (r *Reader) Mapping(n *yaml.Node, what string) []Field {
	if !r.Is(n, yaml.MappingNode, what, "a map") {
		return nil
	}
	var fields []Field
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.ShortTag() == "!!merge":
			r.Diagnose(key, "merge keys are not allowed; write the entries out")
		case key.Kind == yaml.AliasNode:
		case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!null":
			r.Diagnose(key, "a key of %s must be a name, not %s", what, describe(key))
		case len(key.Value) > MaxText:
			r.Diagnose(key, "a key of %s has %d bytes; at most %d are allowed", what, len(key.Value), MaxText)
		case lines[key.Value] != 0:
			r.Diagnose(key, "duplicate key %s, first given in line %d", Quote(key.Value), lines[key.Value])
		default:
			lines[key.Value] = key.Line
			fields = append(fields, Field{key, value})
		}
	}
	return fields
}

// List returns the entries of a list that has some.
func (r *Reader) List(n *yaml.Node, what string) []*yaml.Node {
	if !r.Is(n, yaml.SequenceNode, what, "a list") {
		return nil
	}
	if len(n.Content) == 0 {
		r.Diagnose(n, "%s is an empty list", what)
	}
	return n.Content
}

// Scalar returns the text of a single value, whatever YAML would make of it.
func (r *Reader) Scalar(n *yaml.Node, what string) (string, bool) {
	if !r.Is(n, yaml.ScalarNode, what, "a single value") {
		return "", false
	}
	if len(n.Value) > MaxText {
		r.Diagnose(n, "%s has %d bytes; at most %d are allowed", what, len(n.Value), MaxText)
		return "", false
	}
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		return n.Value, true
	case "!!null":
		r.Diagnose(n, "%s is empty", what)
	default:
		r.Diagnose(n, "%s has the YAML tag %s; only plain values are allowed", what, Quote(tag))
	}
	return "", false
}
