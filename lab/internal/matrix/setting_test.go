package matrix

import "testing"

// Every default is a value that a spec could give, in its one spelling.
func TestDefaultsAreCanonical(t *testing.T) {
	for name, value := range Defaults() {
		s, err := services.Lookup(name)
		if err != nil {
			t.Errorf("%s %v", name, err)
			continue
		}
		if got, err := s.Canonical(value); err != nil || got != value {
			t.Errorf("default of %s: %q is written %q, %v", name, value, got, err)
		}
	}
}

func TestLookupFamily(t *testing.T) {
	for _, name := range []string{
		"postgres.work_mem", "postgres.auto_explain.log_nested", "pgbouncer.default_pool_size", "scenario.THINK_MS",
		"app.GOMAXPROCS",
	} {
		s, err := services.Lookup(name)
		if err != nil || s.Name != name || s.Default != "" {
			t.Errorf("Lookup(%q) = %+v, %v; want a setting of that name without default", name, s, err)
		}
	}
}
