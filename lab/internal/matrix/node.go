package matrix

import (
	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/strict"
)

type (
	// Diagnostic is one thing that is wrong with a spec, and where.
	Diagnostic = strict.Diagnostic
	// Diagnostics is the error of Parse: everything that is wrong with a spec, in the order of the text.
	Diagnostics = strict.Diagnostics
)

// field is one entry of a map.
type field struct{ key, value *yaml.Node }

func (p *parser) diagnose(n *yaml.Node, format string, args ...any) { p.Diagnose(n, format, args...) }

func (p *parser) is(n *yaml.Node, kind yaml.Kind, what, want string) bool {
	return p.Is(n, kind, what, want)
}

func (p *parser) list(n *yaml.Node, what string) []*yaml.Node { return p.List(n, what) }

func (p *parser) scalar(n *yaml.Node, what string) (string, bool) { return p.Scalar(n, what) }

func (p *parser) mapping(n *yaml.Node, what string) []field {
	var fields []field
	for _, f := range p.Mapping(n, what) {
		fields = append(fields, field{f.Key, f.Value})
	}
	return fields
}

func quote(s string) string { return strict.Quote(s) }

func suggest(name string, allowed []string) string { return strict.Suggest(name, allowed) }
