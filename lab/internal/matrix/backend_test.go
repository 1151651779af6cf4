package matrix

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/backend"
)

// shop is another backend, which can be told little.
var shop = func() *backend.Backend {
	b, err := backend.Parse([]byte(`name: shop
title: Shop
build: {path: /usr/bin/shop}
run: {env: {LISTEN: "{addr}", DB: "{primary}", LOG: "off"}}
ready: {tcp: true}
settings:
  pool_size: {env: POOL, default: 30}
  http_timeout: {env: TIMEOUT, unit: s, default: 3s}
cannot: {acquire_timeout: it waits for ever}
reset: {proof: SELECT 1}
`), nil)
	if err != nil {
		panic(err)
	}
	return b
}()

func TestSpecNamesItsBackend(t *testing.T) {
	of := there
	of.Services = NewCatalog(services.services, shop)
	text := "backend: shop\nname: x\nscenarios: [storm]\nfactors: {pool_size: [8, 16]}\n" +
		"baseline: {pool_size: 8}\nslo: {error_ratio: 0.01, p99: 1s}\n"
	if got := BackendOf([]byte(text)); got != "shop" {
		t.Errorf("the spec is of the backend %q", got)
	}
	spec, err := Parse([]byte(text), of)
	if err != nil {
		t.Fatal(err)
	}
	plan := spec.Plan()
	if plan.Backend != "shop" {
		t.Errorf("the plan is of the backend %q", plan.Backend)
	}
	want := Settings{
		"pool_size": "8", "http_timeout": "3s", "statement_timeout": "none", "lock_timeout": "none", "topology": "direct",
		"sslmode": "prefer",
	}
	if diff := cmp.Diff(want, plan.Cells[0].Settings); diff != "" {
		t.Errorf("settings of a cell (-want +got):\n%s", diff)
	}
	for _, tt := range []struct{ settings, want string }{
		{"acquire_timeout: 1s", `7:12: "acquire_timeout" cannot be told to Shop: it waits for ever; it can be told ` +
			`pool_size, http_timeout, lock_timeout, statement_timeout`},
		{"max_queue: 3", `"max_queue" cannot be told to Shop: its manifest does not say how; it can be told`},
		{"http_timeout: 1500ms", `7:26: http_timeout must be a duration in whole seconds, such as 5s, not "1500ms"`},
		{"http_timeout: none", `http_timeout must be a duration in whole seconds, such as 5s, not "none"`},
		{"app.POOL: 3", `"app.POOL" is not for a spec to set: use pool_size`},
		{"app.DB: x", `"app.DB" is not for a spec to set: use topology`},
		{"app.LISTEN: x", `"app.LISTEN" is not for a spec to set: the lab chooses the address`},
		{"commit: 0123456", `"commit" is not a setting`},
		{"fault.lock_users: 1s", `"fault.lock_users" is not a setting`},
	} {
		_, err := Parse([]byte(text+"settings: {"+tt.settings+"}\n"), of)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %s", tt.settings, err, tt.want)
		}
	}
	if _, err := Parse([]byte(text+"settings: {app.LOG: on, app.OTHER: x, http_timeout: 5s}\n"), of); err != nil {
		t.Error(err)
	}
}

// A backend that is not there, and a commit where there is to be one, are mistakes among the others.
func TestBackendThatIsNone(t *testing.T) {
	gone := there
	gone.Missing = errors.New("there is no such manifest")
	for _, tt := range []struct {
		name, text string
		there      Inventory
		want       string
	}{
		{"not there", "backend: shop\n" + good + "blocks: x\n", gone, `1:10: backend "shop": there is no such manifest`},
		{"a commit", "backend: 0123abcdef\n" + good, gone, `1:10: backend must be the name of a backend, or the path ` +
			`of its manifest, not a commit: for a commit of this repository use commit among settings or factors`},
		{"a list", "backend: [a]\n" + good, there, "1:10: backend must be a single value, not a list"},
		{"a setting of old", good + "settings: {backend: 0123abcdef}\n", there,
			`"backend" is not a setting: for a commit of this repository use commit; another backend is named by the key ` +
				`backend of the spec`},
	} {
		_, err := Parse([]byte(tt.text), tt.there)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %s", tt.name, err, tt.want)
		}
		if tt.name == "not there" && !strings.Contains(err.Error(), "blocks") {
			t.Errorf("the other mistakes are not told: %v", err)
		}
	}
	for _, text := range []string{"", "a: &a [*a]", "backend: [x]", "- x", "\x00"} {
		if got := BackendOf([]byte(text)); got != "" {
			t.Errorf("%q is of the backend %q", text, got)
		}
	}
}

// A plan from before commits were called so can be carried out.
func TestRenewedPlan(t *testing.T) {
	spec, err := Parse([]byte(good+"settings: {commit: 0123abc}\n"), there)
	if err != nil {
		t.Fatal(err)
	}
	plan := spec.Plan()
	for _, c := range plan.Cells {
		if value, ok := c.Settings[Commit]; ok { // the A/A control has the map of its baseline
			c.Settings["backend"] = value
			delete(c.Settings, Commit)
		}
	}
	plan.Factors = append(plan.Factors, "backend")
	if err := plan.Runnable(there); err == nil {
		t.Fatal("a plan of old can be carried out as it is")
	}
	plan.Renew()
	if err := plan.Runnable(there); err != nil {
		t.Error(err)
	}
	if got := plan.Cells[0].Settings[Commit]; got != "0123abc" || plan.Factors[len(plan.Factors)-1] != Commit {
		t.Errorf("the commit is %q, the factors %q", got, plan.Factors)
	}
}
