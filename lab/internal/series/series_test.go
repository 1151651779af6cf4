package series

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// A constant that is missing from Metrics would be missing from every check over it.
func TestMetricsListsEveryMetric(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "series.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value, err := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, value)
		}
	}
	if len(declared) < 20 {
		t.Fatalf("found %d constants, want at least 20", len(declared))
	}
	if !slices.Equal(declared, Metrics) {
		t.Errorf("Metrics is\n%v\nwant the constants in their order\n%v", Metrics, declared)
	}
}
