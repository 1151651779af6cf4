package metric

import "stormwave/lab/internal/report/numeral"

// Unit is what a metric is counted in.
type Unit int

// The units. A ratio is from 0 to 1, and is shown in hundredths.
const (
	Things Unit = iota
	Mean        // of a number of things
	Ratio
	Milliseconds
	Seconds
	RequestsASec
	EventsASec
	ConnsASec
	RowsASec
	Cores
	Memory // bytes of it
	Bytes  // that are sent or written
	BytesASec
)

var units = map[Unit]struct {
	name    string
	grafana string
	show    func(float64) string
}{
	Things:       {"", "short", numeral.Count},
	Mean:         {"", "short", numeral.Figure},
	Ratio:        {"", "percentunit", numeral.Percent},
	Milliseconds: {"ms", "ms", numeral.Figure},
	Seconds:      {"s", "s", numeral.Figure},
	RequestsASec: {"RPS", "reqps", numeral.Figure},
	EventsASec:   {"/s", "ops", numeral.Figure},
	ConnsASec:    {"/s", "suffix: conns/s", numeral.Figure},
	RowsASec:     {"/s", "suffix: rows/s", numeral.Figure},
	Cores:        {"cores", "suffix: CPUs", numeral.Figure},
	Memory:       {"MiB", "bytes", numeral.Mebibytes},
	Bytes:        {"MB", "bytes", numeral.Megabytes},
	BytesASec:    {"MB/s", "Bps", numeral.Megabytes},
}

// Name stands beside a value; "" is a number of things.
func (u Unit) Name() string { return units[u].name }

// Grafana is the unit's name there.
func (u Unit) Grafana() string { return units[u].grafana }

// Show writes a value as reports do, without the unit.
func (u Unit) Show(v float64) string { return units[u].show(v) }

const milli = 1000 // seconds to milliseconds
