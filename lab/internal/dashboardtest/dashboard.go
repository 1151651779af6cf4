// Package dashboardtest reads the Grafana dashboards of this repository as far as they
// are to be checked: that every panel explains itself, and that every query in them
// is answered.
package dashboardtest

import (
	"encoding/json"
	"fmt"
	"iter"
)

// DataSource is what every panel, variable and annotation asks: the variable that
// whoever imports the dashboard sets.
const DataSource = "${datasource}"

// Dashboard is one file.
type Dashboard struct {
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Tags          []string   `json:"tags"`
	SchemaVersion int        `json:"schemaVersion"`
	Links         []Link     `json:"links"`
	Variables     Variables  `json:"templating"`
	Annotations   Annotation `json:"annotations"`
	Panels        []Panel    `json:"panels"`
}

// Link leads to the dashboards that have its tags.
type Link struct {
	Type     string   `json:"type"`
	Tags     []string `json:"tags"`
	KeepTime bool     `json:"keepTime"`
}

// Annotation holds the marks on every panel's time axis.
type Annotation struct {
	List []struct {
		Name       string `json:"name"`
		Enable     bool   `json:"enable"`
		DataSource Source `json:"datasource"`
		Expr       string `json:"expr"`
	} `json:"list"`
}

// Source is where an answer comes from.
type Source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Panel is one graph, or a row's headline.
type Panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	DataSource  Source `json:"datasource"`
	Place       Place  `json:"gridPos"`
	Fields      struct {
		Defaults struct {
			Unit       string `json:"unit"`
			Thresholds struct {
				Steps []struct {
					Color string   `json:"color"`
					Value *float64 `json:"value"`
				} `json:"steps"`
			} `json:"thresholds"`
		} `json:"defaults"`
		Overrides []Override `json:"overrides"`
	} `json:"fieldConfig"`
	Targets []Target `json:"targets"`
}

// IsRow tells a headline from a graph.
func (p Panel) IsRow() bool { return p.Type == "row" }

// Place is where a panel is, on a grid 24 columns wide.
type Place struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// Overlaps says whether two panels share a place.
func (p Place) Overlaps(o Place) bool {
	return p.X < o.X+o.W && o.X < p.X+p.W && p.Y < o.Y+o.H && o.Y < p.Y+p.H
}

// Target is a query of a panel.
type Target struct {
	RefID      string `json:"refId"`
	DataSource Source `json:"datasource"`
	Expr       string `json:"expr"`
	Legend     string `json:"legendFormat"`
	Instant    bool   `json:"instant"`
}

// Parse reads a dashboard.
func Parse(text []byte) (Dashboard, error) {
	var d Dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("read dashboard: %w", err)
	}
	return d, nil
}

// Query is one question to Prometheus, and who asks it.
type Query struct {
	Where  string // dashboard, panel and query: "Study: QPS, A"
	Target Target
	Panel  Panel // of an annotation: none
}

// Queries returns the queries of all panels and annotations.
func (d Dashboard) Queries() iter.Seq[Query] {
	return func(yield func(Query) bool) {
		for _, a := range d.Annotations.List {
			if !yield(Query{Where: d.Title + ": annotation " + a.Name, Target: Target{DataSource: a.DataSource, Expr: a.Expr}}) {
				return
			}
		}
		for _, p := range d.Panels {
			for _, t := range p.Targets {
				if !yield(Query{Where: d.Title + ": " + p.Title + ", " + t.RefID, Target: t, Panel: p}) {
					return
				}
			}
		}
	}
}
