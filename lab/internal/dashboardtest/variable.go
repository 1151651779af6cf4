package dashboardtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Variables are what a viewer may choose.
type Variables struct {
	List []Variable `json:"list"`
}

// Variable is one choice.
type Variable struct {
	Name       string          `json:"name"`
	Label      string          `json:"label"`
	Type       string          `json:"type"` // "datasource" or "query"
	Query      json.RawMessage `json:"query"`
	DataSource Source          `json:"datasource"`
}

var labelValues = regexp.MustCompile(`^label_values\((.+), *([a-zA-Z_][a-zA-Z0-9_]*)\)$`)

// Values tells where a query variable has its values from: a label of series.
func (v Variable) Values() (selector, label string, err error) {
	var query struct {
		Query string `json:"query"`
	}
	if err := json.Unmarshal(v.Query, &query); err != nil {
		return "", "", fmt.Errorf("read variable %s: %w", v.Name, err)
	}
	parts := labelValues.FindStringSubmatch(query.Query)
	if parts == nil {
		return "", "", fmt.Errorf("read variable %s: %q is no label_values(selector, label)", v.Name, query.Query)
	}
	return parts[1], parts[2], nil
}

// AnyOf is how Grafana writes several values of a variable into a regular expression.
func AnyOf(values []string) string { return "(" + strings.Join(values, "|") + ")" }

var reference = regexp.MustCompile(`\$\{?([a-zA-Z_][a-zA-Z0-9_]*)\}?`)

// Fill puts the values of variables into a query.
func Fill(expr string, values map[string]string) (string, error) {
	var unknown []string
	filled := reference.ReplaceAllStringFunc(expr, func(text string) string {
		name := reference.FindStringSubmatch(text)[1]
		value, ok := values[name]
		if !ok {
			unknown = append(unknown, name)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("fill in %s: there is no variable %s", expr, strings.Join(unknown, ", "))
	}
	return filled, nil
}
