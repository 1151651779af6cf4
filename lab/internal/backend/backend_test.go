package backend

import (
	"reflect"
	"slices"
	"testing"

	"stormwave/app/contract"
)

// What is not filled in would be an empty name of a metric, a route or a statement.
func TestBundledIsWhole(t *testing.T) {
	var whole func(name string, v reflect.Value)
	whole = func(name string, v reflect.Value) {
		if v.Type() == reflect.TypeFor[Setting]() {
			return // its tags are for app/contract to check
		}
		if v.IsZero() {
			t.Errorf("%s is empty", name)
		}
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				whole(name+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				whole(name, v.Index(i))
			}
		}
	}
	whole("Bundled", reflect.ValueOf(Bundled))
}

func TestMetricsAreThoseOfTheBackend(t *testing.T) {
	metrics := reflect.ValueOf(Bundled.Metrics)
	for i := range metrics.NumField() {
		if name := metrics.Field(i).String(); !slices.Contains(contract.Metrics, name) {
			t.Errorf("%s is %q, which the backend does not export", metrics.Type().Field(i).Name, name)
		}
	}
}

// What a spec sets under a name of its own it does not set as a variable too.
func TestOtherVariables(t *testing.T) {
	if want := []string{"APP_SLOW_ROUTE"}; !slices.Equal(Bundled.Variables.Others, want) {
		t.Errorf("variables that are no settings of a spec: %q, want %q", Bundled.Variables.Others, want)
	}
}
