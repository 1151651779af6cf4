package dashboard

import (
	"slices"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/dashboardtest"
	"stormwave/lab/internal/matrix"
)

// A service that no table of colours lists has one on every graph that shows services, told from all others; and so has
// the job that scrapes it.
func TestColoursOfFurtherServices(t *testing.T) {
	more := []matrix.Service{
		{Name: "primary"},
		{Name: "replica"},
		{Name: "pgbouncer", Pooler: true, Job: "pgbouncer"},
		{Name: "app", Job: "app"},
		{Name: "prometheus", Job: "prometheus"},
		{Name: "node-exporter", Job: "node"},
		{Name: "grafana"},
		{Name: "k6"},
		{Name: "odyssey", Pooler: true, Job: "odyssey"},
		{Name: "pgcat", Pooler: true},
		{Name: "valkey", Job: "cache"},
		{Name: "valkey-exporter", Job: "node"},
	}
	files, err := Files(matrix.NewCatalog(more, backends.Default()))
	if err != nil {
		t.Fatal(err)
	}
	d, err := dashboardtest.Parse(files["lab.json"])
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string]map[string]string{
		"CPU by service": {
			"odyssey": orange, "pgcat": lightBlue, "valkey": green, "pgbouncer": orange, "exporters": yellow,
			"valkey-exporter": "",
		},
		"CPU against its limit": {"odyssey": orange, "pgcat": lightBlue, "valkey": green, "exporters": ""},
		"Time of a scrape":      {"job odyssey": orange, "job cache": green, "job node": yellow, "job lab": purple},
	} {
		i := slices.IndexFunc(d.Panels, func(p dashboardtest.Panel) bool { return p.Title == title })
		for legend, colour := range want {
			if got, err := d.Panels[i].Colour(legend); err != nil || got != colour {
				t.Errorf("%s: %s is %q, %v; want %q", title, legend, got, err, colour)
			}
		}
	}
	l := looksOf(matrix.NewCatalog(more, backends.Default()))
	seen := make(map[string]string)
	for _, name := range l.values["service"] {
		look := l.colours[name]
		if l.dashed[name] {
			look += ", dashed"
		}
		if other := seen[look]; other != "" && !isPattern(name) {
			t.Errorf("%s and %s look alike: %s", name, other, look)
		}
		seen[look] = name
	}
}
