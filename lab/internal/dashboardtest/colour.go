package dashboardtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Override sets what some of a panel's series look like.
type Override struct {
	Matcher struct {
		ID      string `json:"id"`      // "byName" or "byRegexp"
		Options string `json:"options"` // a legend, or a /regular expression/
	} `json:"matcher"`
	Properties []struct {
		ID    string          `json:"id"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
}

// Matches says whether the override is for the series of that legend.
func (o Override) Matches(legend string) (bool, error) {
	switch o.Matcher.ID {
	case "byName":
		return o.Matcher.Options == legend, nil
	case "byRegexp":
		pattern, err := regexp.Compile(strings.Trim(o.Matcher.Options, "/"))
		if err != nil {
			return false, fmt.Errorf("read override: %w", err)
		}
		return pattern.MatchString(legend), nil
	}
	return false, fmt.Errorf("read override: matcher %q is neither byName nor byRegexp", o.Matcher.ID)
}

// Colour is the colour that the override fixes; "" where it fixes none.
func (o Override) Colour() (string, error) {
	for _, p := range o.Properties {
		if p.ID != "color" {
			continue
		}
		var colour struct {
			Mode  string `json:"mode"`
			Fixed string `json:"fixedColor"`
		}
		if err := json.Unmarshal(p.Value, &colour); err != nil {
			return "", fmt.Errorf("read colour of %s: %w", o.Matcher.Options, err)
		}
		return colour.Fixed, nil
	}
	return "", nil
}

// Colour is the colour that the panel fixes for the series of that legend; "" where
// it fixes none.
func (p Panel) Colour(legend string) (string, error) {
	fixed := ""
	for _, o := range p.Fields.Overrides { // the last one wins, as in Grafana
		matches, err := o.Matches(legend)
		if err != nil {
			return "", err
		}
		if !matches {
			continue
		}
		colour, err := o.Colour()
		if err != nil {
			return "", err
		}
		if colour != "" {
			fixed = colour
		}
	}
	return fixed, nil
}

var placeholder = regexp.MustCompile(`{{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*}}`)

// LegendLabels are the labels that a legend is made of.
func LegendLabels(format string) []string {
	var labels []string
	for _, found := range placeholder.FindAllStringSubmatch(format, -1) {
		labels = append(labels, found[1])
	}
	return labels
}

// Legend is a legend with its labels filled in.
func Legend(format string, labels map[string]string) string {
	return placeholder.ReplaceAllStringFunc(format, func(text string) string {
		return labels[placeholder.FindStringSubmatch(text)[1]]
	})
}
