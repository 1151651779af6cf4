package dashboard

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/dashboardtest"
	"stormwave/lab/internal/service"
)

const directory = "../../../dashboards"

var update = flag.Bool("update", false, "write the dashboards")

// texts returns the dashboards as they are made.
func texts(t *testing.T) map[string][]byte {
	t.Helper()
	all, err := Files(service.Catalog(backends.Default()))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 4 {
		t.Fatalf("%d dashboards: %v; want study, pools, replica and lab", len(all), slices.Sorted(maps.Keys(all)))
	}
	return all
}

// The files hold what the table of metrics gives.
func TestDashboardsAreWritten(t *testing.T) {
	for file, want := range texts(t) {
		path := filepath.Join(directory, file)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is made: write it by lab dashboards", file)
		}
	}
}

func dashboards(t *testing.T) map[string]dashboardtest.Dashboard {
	t.Helper()
	all := make(map[string]dashboardtest.Dashboard)
	for file, text := range texts(t) {
		d, err := dashboardtest.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[file] = d
	}
	return all
}

// Seen together: nothing that tells dashboards apart may be there twice.
func TestDashboardsAreWhole(t *testing.T) {
	uids := make(map[string]string)
	for file, d := range dashboards(t) {
		for _, mistake := range mistakes(d) {
			t.Errorf("%s: %s", file, mistake)
		}
		if want := "stormwave-" + strings.TrimSuffix(file, ".json"); d.UID != want {
			t.Errorf("%s has the uid %q; want %q, which links and bookmarks hold", file, d.UID, want)
		}
		if other, taken := uids[d.UID]; taken {
			t.Errorf("%s and %s have the same uid", file, other)
		}
		uids[d.UID] = file
	}
}

// Each check finds what it is for.
func TestAFaultyDashboardIsFound(t *testing.T) {
	whole := string(texts(t)["study.json"])
	for _, c := range []struct{ name, old, new, want string }{
		{"no title", `"title": "QPS"`, `"title": ""`, "no title"},
		{"no description", `"description": "Users that k6`, `"descriptions": "Users that k6`,
			"Virtual users: no description"},
		{"nothing to worry about", "Worry about any 5xx", "Look at any 5xx",
			"Requests answered: the description does not say when to worry"},
		{"no source", "Source: k6's remote write", "From k6's remote write", "the description names no source"},
		{"no unit", `"unit": "ops"`, `"unit": ""`, "QPS: no unit"},
		{"another unit", `"unit": "ops"`, `"unit": "queries"`, `unit "queries"`},
		{"one data source for all", `"uid": "${datasource}"`, `"uid": "prometheus"`, `data source "prometheus"`},
		{"no variable", `"query": "prometheus"`, `"query": "loki"`, "no variable that chooses the Prometheus"},
		{"no legend", `"legendFormat": "VUs"`, `"legendFormat": ""`, "no legend"},
		{"the same place", `"x": 6,`, `"x": 0,`, "overlap"},
		{"off the grid", `"x": 16,`, `"x": 22,`, "off the grid"},
		{"the same number", `"id": 2,`, `"id": 3,`, "id 3 twice"},
		{"no cells", `"expr": "lab_shot_info"`, `"expr": "up"`, "cells are no annotation"},
		{"no link", `"type": "dashboards"`, `"type": "link"`, "no links"},
		{"no tag", "\n  \"stormwave\"\n ]", "\n ]", "tag"},
		{"an old schema", `"schemaVersion": 39`, `"schemaVersion": 16`, "schemaVersion 16"},
		{"another red", `"fixedColor": "#D55E00"`, `"fixedColor": "red"`, `colour "red"`},
		{"an unused variable", `$server`, `primary`, "variable server is used nowhere"},
		{"an unknown variable", `$server`, `$servers`, "no variable servers"},
	} {
		text := strings.ReplaceAll(whole, c.old, c.new)
		if text == whole {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		d, err := dashboardtest.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if found := strings.Join(mistakes(d), "\n"); !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q; want %q", c.name, found, c.want)
		}
	}
}

// The same name is the same thing on all dashboards, and has one colour.
func TestColoursMeanTheSameEverywhere(t *testing.T) {
	colours, where := make(map[string]string), make(map[string]string)
	all := dashboards(t)
	for _, file := range slices.Sorted(maps.Keys(all)) {
		for _, p := range all[file].Panels {
			for _, o := range p.Fields.Overrides {
				colour, err := o.Colour()
				if err != nil {
					t.Fatalf("%s: %s: %v", file, p.Title, err)
				}
				name := o.Matcher.Options
				if before, known := colours[name]; known && before != colour {
					t.Errorf("%s is %s in %s, and %s in %s", name, colour, file+", "+p.Title, before, where[name])
				}
				colours[name], where[name] = colour, file+", "+p.Title
			}
		}
	}
	if len(colours) < 60 {
		t.Errorf("%d names have colours; want those of services, servers, states and reasons", len(colours))
	}
}

// Okabe and Ito's colours, told apart by those who see fewer of them; without black,
// which a dark page swallows, and with grey instead.
var palette = []string{"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999"}

// units of Grafana's that are in use; "suffix: x" is one's own.
var units = []string{"short", "percentunit", "s", "ms", "bytes", "Bps", "reqps", "ops"}

// mistakes returns what is wrong with a dashboard by itself.
func mistakes(d dashboardtest.Dashboard) []string {
	var found []string
	mistake := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }

	if d.Title == "" || d.Description == "" {
		mistake("no title, or no description")
	}
	if d.SchemaVersion != 39 {
		mistake("schemaVersion %d; want 39, of Grafana 10.4 and later", d.SchemaVersion)
	}
	if !slices.Contains(d.Tags, "stormwave") {
		mistake("no tag stormwave: the links of the others find it by that")
	}
	if len(d.Links) != 1 || d.Links[0].Type != "dashboards" || !slices.Contains(d.Links[0].Tags, "stormwave") ||
		!d.Links[0].KeepTime {
		mistake("no links to the others that keep the time")
	}
	if len(d.Annotations.List) != 1 || d.Annotations.List[0].Expr != "lab_shot_info" || !d.Annotations.List[0].Enable {
		mistake("cells are no annotation")
	}

	names := map[string]string{"__rate_interval": "4s", "__range": "60s"}
	for i, v := range d.Variables.List {
		names[v.Name] = "x"
		if i == 0 {
			if v.Type != "datasource" || string(v.Query) != `"prometheus"` || v.Name != "datasource" {
				mistake("no variable that chooses the Prometheus; it has to be the first")
			}
			continue
		}
		if v.DataSource.UID != dashboardtest.DataSource {
			mistake("variable %s: data source %q", v.Name, v.DataSource.UID)
		}
		if _, _, err := v.Values(); err != nil {
			mistake("%v", err)
		}
	}

	used := ""
	for q := range d.Queries() {
		if q.Target.DataSource.UID != dashboardtest.DataSource || q.Target.DataSource.Type != "prometheus" {
			mistake("%s: data source %q", q.Where, q.Target.DataSource.UID)
		}
		if _, err := dashboardtest.Fill(q.Target.Expr, names); err != nil {
			mistake("%s: %v", q.Where, err)
		}
		used += q.Target.Expr + "\n"
	}
	for _, v := range d.Variables.List[1:] {
		if !strings.Contains(used, "$"+v.Name+`"`) {
			mistake("variable %s is used nowhere", v.Name)
		}
	}

	for i, p := range d.Panels {
		for _, before := range d.Panels[:i] {
			if before.ID == p.ID {
				mistake("id %d twice", p.ID)
			}
			if before.Place.Overlaps(p.Place) {
				mistake("%s and %s overlap", before.Title, p.Title)
			}
		}
		if p.Place.X < 0 || p.Place.W < 1 || p.Place.X+p.Place.W > 24 {
			mistake("%s: off the grid", p.Title)
		}
		found = append(found, panelFaults(p)...)
	}
	return found
}

func panelFaults(p dashboardtest.Panel) []string {
	var found []string
	mistake := func(format string, args ...any) {
		found = append(found, p.Title+": "+fmt.Sprintf(format, args...))
	}
	if p.Title == "" {
		mistake("no title")
	}
	if p.IsRow() {
		return found
	}
	switch {
	case p.Description == "":
		mistake("no description")
	case !strings.Contains(p.Description, "Worry"):
		mistake("the description does not say when to worry")
	case !strings.Contains(p.Description, "Source: "):
		mistake("the description names no source")
	}
	switch unit := p.Fields.Defaults.Unit; {
	case unit == "":
		mistake("no unit")
	case !slices.Contains(units, unit) && !strings.HasPrefix(unit, "suffix: "):
		mistake("unit %q", unit)
	}
	if p.DataSource.UID != dashboardtest.DataSource {
		mistake("data source %q", p.DataSource.UID)
	}
	if len(p.Targets) == 0 {
		mistake("no query")
	}
	for _, t := range p.Targets {
		if t.Legend == "" {
			mistake("%s: no legend", t.RefID)
		}
	}
	for _, step := range p.Fields.Defaults.Thresholds.Steps {
		if step.Color != "transparent" && !slices.Contains(palette, step.Color) {
			mistake("colour %q", step.Color)
		}
	}
	for _, o := range p.Fields.Overrides {
		colour, err := o.Colour()
		if err != nil {
			mistake("%v", err)
		} else if !slices.Contains(palette, colour) {
			mistake("colour %q of %s", colour, o.Matcher.Options)
		}
		if _, err := o.Matches(""); err != nil {
			mistake("%v", err)
		}
	}
	return found
}
