// Package dashboard makes the Grafana dashboards of the lab from the table of metrics. It is pure.
package dashboard

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// board is one dashboard.
type board struct {
	name        string // of its file, and the end of its uid
	title       string
	description string
	variable    *variable // that a viewer may choose, beside the data source; nil: none
	rows        []row
}

// row is some panels under a headline, from left to right.
type row struct {
	title  string
	panels []*panel
}

// variable is a choice among the values of a label.
type variable struct {
	label       string // also its name
	title       string
	description string
	from        string // series that have the label
}

// boards are all dashboards.
var boards = []board{study, pools, replica, lab}

// schema is what Grafana from 10.4 on reads.
const schema = 39

// Files makes the dashboards: file name → JSON. The error is of Grafana's own validation.
func Files() (map[string][]byte, error) {
	files := make(map[string][]byte)
	for _, b := range boards {
		built, err := b.build()
		if err != nil {
			return nil, fmt.Errorf("make the dashboard %s: %w", b.title, err)
		}
		text, err := json.MarshalIndent(built, "", " ")
		if err != nil {
			return nil, fmt.Errorf("write the dashboard %s: %w", b.title, err)
		}
		files[b.name+".json"] = append(readable(text), '\n')
	}
	return files, nil
}

// readable writes what queries are full of as itself.
func readable(text []byte) []byte {
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text)))
}

func (b board) build() (dashboard.Dashboard, error) {
	to := dashboard.NewDashboardBuilder(b.title).
		Uid("stormwave-"+b.name).
		Description(b.description).
		Tags([]string{"stormwave"}).
		Editable().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Refresh("5s").
		Time("now-5m", "now").
		Timezone("utc").
		Link(dashboard.NewDashboardLinkBuilder("Stormwave").
			Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{"stormwave"}).
			IncludeVars(true).
			KeepTime(true)).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").
			Label("Data source").
			Description("The Prometheus that scrapes the lab.").
			Type("prometheus")).
		Annotation(dashboard.NewAnnotationQueryBuilder().
			Name("Cells").
			Enable(true).
			Datasource(source).
			Expr("lab_shot_info").
			Step("1s").
			TitleFormat("{{cell}}").
			TextFormat("{{scenario}}, trial {{n}} of {{run}}").
			TagKeys("scenario").
			IconColor(blue))
	if v := b.variable; v != nil {
		to.WithVariable(v.build())
	}
	id := uint32(0)
	for _, r := range b.rows {
		id++
		to.WithRow(dashboard.NewRowBuilder(r.title).Id(id))
		for _, p := range r.panels {
			id++
			p.id = id
			to.WithPanel(p)
		}
	}
	built, err := to.Build()
	built.SchemaVersion = schema
	return built, err
}

func (v *variable) build() cog.Builder[dashboard.VariableModel] {
	query := "label_values(" + v.from + ", " + v.label + ")"
	all := []string{"All"}
	return dashboard.NewQueryVariableBuilder(v.label).
		Label(v.title).
		Description(v.description).
		Datasource(source).
		Query(dashboard.StringOrMap{Map: map[string]any{"query": query, "refId": v.label}}).
		Definition(query).
		IncludeAll(true).
		Multi(true).
		Current(dashboard.VariableOption{
			Selected: new(true),
			Text:     dashboard.StringOrArrayOfString{ArrayOfString: all},
			Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc)
}

// source is what everything asks: the variable that whoever imports the dashboard sets.
var source = common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
