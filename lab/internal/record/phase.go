package record

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Phase is one part of a trial.
type Phase struct {
	Requests  int64    `json:"requests"`
	Failed    int64    `json:"failed"`
	Slow      *int64   `json:"slow,omitempty"` // as in Load
	Latency   *Latency `json:"latency_ms,omitempty"`
	OKLatency *Latency `json:"ok_latency_ms,omitempty"`
	*Offer             // nil: the script does not declare it
}

// Offer is what a script declares of a phase: the load leads linearly from From to To.
type Offer struct {
	Order   int     `json:"order"`   // place in the load, from 1
	Seconds float64 `json:"seconds"` // length, with the scale in it
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Unit    string  `json:"unit"` // of From and To: UnitVUs or UnitRate
}

// Units of a load: of a closed one, and of an open one.
const (
	UnitVUs  = "VUs"
	UnitRate = "req/s"
)

// Possible says whether a script can declare that.
func (o *Offer) Possible() bool {
	for _, v := range []float64{o.Seconds, o.From, o.To} {
		if !(v >= 0 && v <= math.MaxInt32) {
			return false
		}
	}
	return o.Order >= 1 && (o.Unit == UnitVUs || o.Unit == UnitRate)
}

// NamedPhase is a phase with its name.
type NamedPhase struct {
	Name string
	Phase
}

// Timeline returns the phases in the order of the load, each with an Offer. One without a
// unit is not known: its script does not declare it.
func (r Record) Timeline() []NamedPhase {
	var all []NamedPhase
	for name, p := range r.Phases {
		switch {
		case p.Offer != nil:
		case r.Schema < declaring:
			p.Offer = byName(name, r.Scale)
		default:
			p.Offer = new(Offer)
		}
		all = append(all, NamedPhase{name, p})
	}
	slices.SortFunc(all, NamedPhase.Compare)
	if r.Schema < declaring {
		chain(all, r.Scale)
	}
	return all
}

// Compare orders phases as they follow each other in the load.
func (p NamedPhase) Compare(q NamedPhase) int {
	return cmp.Or(cmp.Compare(p.Order, q.Order), cmp.Compare(p.To, q.To), cmp.Compare(p.Name, q.Name))
}

// declaring is the first schema in which scripts declare their phases. In the records before
// it a phase is known by its name, and is as long as the scripts of that time had it.
const (
	declaring  = 2
	oldStep    = 9.0  // seconds in which the wave rose to the next vus_<n>
	oldHold    = 30.0 // seconds that it held its highest
	risingOld  = 1    // orders
	holdingOld = 2
	fallingOld = 3
)

// byName is the offer of a phase of those records, as far as its name tells.
func byName(name string, scale float64) *Offer {
	digits, isStep := strings.CutPrefix(name, "vus_")
	vus, err := strconv.Atoi(digits)
	switch {
	case isStep && err == nil:
		return &Offer{Order: risingOld, Seconds: oldStep * scale, To: float64(vus), Unit: UnitVUs}
	case name == "hold":
		return &Offer{Order: holdingOld}
	case name == "down":
		return &Offer{Order: fallingOld}
	}
	return &Offer{Order: risingOld}
}

// chain lets each step of such a record begin where the one before it ended, and the load
// hold there.
func chain(phases []NamedPhase, scale float64) {
	top := 0.0
	for _, p := range phases {
		switch {
		case p.Unit != "":
			p.From, top = top, p.To
		case p.Order == holdingOld && top > 0:
			*p.Offer = Offer{Order: holdingOld, Seconds: oldHold * scale, From: top, To: top, Unit: UnitVUs}
		}
	}
}
