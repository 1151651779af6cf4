package stack

import "testing"

// The list of deaths is bounded, their numbers are not: after a hundred the next one is
// seen like the first.
func TestDeathsAreSeenHoweverManyThereWere(t *testing.T) {
	m := newMembers()
	for i := range 3 * deathsKept {
		before, _ := m.told()
		service := []string{Replica, NodeExporter}[i%2]
		m.addDeath(Death{Service: service})
		after, died := m.told()
		fresh := DeathsAfter(LastDeath(before), after)
		if len(fresh) != 1 || fresh[0].N != i+1 || fresh[0].Service != service {
			t.Fatalf("after death %d of %s the new ones are %v", i+1, service, fresh)
		}
		if died[service] != i/2+1 {
			t.Fatalf("%s ended %d times by its count; want %d", service, died[service], i/2+1)
		}
	}
	if all, _ := m.told(); len(all) != deathsKept || len(DeathsAfter(0, all)) != deathsKept {
		t.Errorf("%d deaths are kept; want %d", len(all), deathsKept)
	}
	if got := DeathsAfter(0, nil); len(got) != 0 || LastDeath(nil) != 0 {
		t.Errorf("without a death there are %v", got)
	}
}
