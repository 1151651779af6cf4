package contract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A constant that is missing from Metrics would be missing from every check over it.
func TestMetricsListsEveryMetric(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "contract.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Metric") || len(spec.Names[0].Name) <= len("Metrics") {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared = append(declared, value)
		return true
	})
	if len(declared) < 20 {
		t.Fatalf("found %d metric constants, want at least 20", len(declared))
	}
	if !slices.Equal(declared, Metrics) {
		t.Errorf("Metrics is\n%v\nwant the constants in their order\n%v", Metrics, declared)
	}
}
