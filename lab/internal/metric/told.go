package metric

import (
	"slices"

	"stormwave/lab/internal/backend"
)

// Told says whether a backend tells what the metric is made of. What it does not tell is no number: neither missing
// nor 0.
func (m *Metric) Told(b *backend.Backend) bool {
	if !slices.ContainsFunc(m.Family.Where, func(w Matcher) bool { return w.label == "job" && w.text == "app" }) {
		return true
	}
	return !slices.ContainsFunc(m.Family.Names, func(name string) bool {
		return backend.IsSeries(name) && b.Metrics.Names[name] == "" // others are of its runtime
	})
}

// Untold are the names of the metrics that a backend does not tell, in the order of the table.
func Untold(b *backend.Backend) []string {
	var names []string
	for _, m := range All() {
		if !m.Told(b) && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}
