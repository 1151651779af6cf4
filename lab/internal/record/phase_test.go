package record

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// offers are what a record tells of its phases, in their order.
func offers(r Record) map[string]Offer {
	all := make(map[string]Offer)
	for _, p := range r.Timeline() {
		all[p.Name] = *p.Offer
	}
	return all
}

func names(r Record) []string {
	var all []string
	for _, p := range r.Timeline() {
		all = append(all, p.Name)
	}
	return all
}

// What a script declares counts, whatever it calls its phases.
func TestTimelineOfDeclaredPhases(t *testing.T) {
	first := Offer{Order: 1, Seconds: 4.5, To: 200, Unit: UnitRate}
	second := Offer{Order: 2, Seconds: 15, From: 200, To: 200, Unit: UnitRate}
	r := Record{Schema: 2, Scale: 0.5, Phases: map[string]Phase{"hold": {Offer: &first}, "a": {Offer: &second}}}
	if diff := cmp.Diff([]string{"hold", "a"}, names(r)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Offer{"hold": first, "a": second}, offers(r)); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
}

// Nothing is guessed of a phase that its script does not declare.
func TestTimelineOfUndeclaredPhases(t *testing.T) {
	r := Record{Schema: 2, Scale: 1, Phases: map[string]Phase{"vus_50": {}, "hold": {}, "a": {}}}
	if diff := cmp.Diff([]string{"a", "hold", "vus_50"}, names(r)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Offer{"a": {}, "hold": {}, "vus_50": {}}, offers(r)); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
}

// Records from before that are known by the names that the scripts gave.
func TestTimelineOfOldRecords(t *testing.T) {
	wave := Record{
		Schema: 1,
		Scale:  0.2,
		Phases: map[string]Phase{"hold": {}, "vus_100": {}, "vus_50": {Requests: 7}, "vus_x": {}},
	}
	want := map[string]Offer{
		"vus_x":   {Order: 1},
		"vus_50":  {Order: 1, Seconds: oldStep * 0.2, To: 50, Unit: UnitVUs},
		"vus_100": {Order: 1, Seconds: oldStep * 0.2, From: 50, To: 100, Unit: UnitVUs},
		"hold":    {Order: 2, Seconds: 6, From: 100, To: 100, Unit: UnitVUs},
	}
	if diff := cmp.Diff(want, offers(wave)); diff != "" {
		t.Errorf("wave (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"vus_x", "vus_50", "vus_100", "hold"}, names(wave)); diff != "" {
		t.Errorf("wave (-want +got):\n%s", diff)
	}
	if wave.Phases["vus_50"].Offer != nil || wave.Timeline()[1].Requests != 7 {
		t.Error("the record was changed, or its numbers were")
	}
	storm := Record{Schema: 1, Scale: 1, Phases: map[string]Phase{"down": {}, "hold": {}, "ramp": {}}}
	if diff := cmp.Diff([]string{"ramp", "hold", "down"}, names(storm)); diff != "" {
		t.Errorf("storm (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(
		map[string]Offer{"ramp": {Order: 1}, "hold": {Order: 2}, "down": {Order: 3}}, offers(storm),
	); diff != "" {
		t.Errorf("storm (-want +got):\n%s", diff)
	}
}

// The offer stands among a phase's numbers; where there is none, so does nothing of it.
func TestPhaseAsJSON(t *testing.T) {
	for want, phase := range map[string]Phase{
		`{"requests":1,"failed":0}`: {Requests: 1},
		`{"requests":1,"failed":0,"order":1,"seconds":8,"from":0,"to":1000,"unit":"VUs"}`: {
			Requests: 1,
			Offer:    &Offer{Order: 1, Seconds: 8, To: 1000, Unit: UnitVUs},
		},
	} {
		got, err := json.Marshal(phase)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
		var back Phase
		if err := strict(got, &back); err != nil {
			t.Errorf("%s: %v", got, err)
		}
		if diff := cmp.Diff(phase, back); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
