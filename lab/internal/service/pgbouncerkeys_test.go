package service

import (
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
)

// A key has the one spelling that PgBouncer shows, or is refused: it takes no boolean but 1 and 0, no unit, and cuts
// off what an int does not hold.
func TestPgBouncerKeys(t *testing.T) {
	for _, tt := range []struct {
		key, text, want string // empty: refused
	}{
		{"server_fast_close", "yes", "1"},
		{"server_fast_close", "OFF", "0"},
		{"server_round_robin", "tr", "1"},
		{"tcp_keepalive", "0", "0"},
		{"log_stats", "2", ""},
		{"disable_pqexec", "enabled", ""},
		{"pool_mode", "Transaction", "transaction"},
		{"pool_mode", "tx", ""},
		{"max_client_conn", "0x40", "64"},
		{"default_pool_size", "010", "8"}, // octal
		{"max_prepared_statements", "0x0", "0"},
		{"max_prepared_statements", "off", ""},
		{"max_db_connections", "-1", ""},
		{"max_client_conn", "1_000", ""},
		{"max_client_conn", "0b11", ""},
		{"max_client_conn", "10k", ""},
		{"max_client_conn", "unlimited", ""},
		{"max_client_conn", "4294967297", ""},
		{"reserve_pool_size", "2.0", ""},
		{"query_wait_timeout", "120.0", "120"},
		{"query_wait_timeout", "0.50", "0.5"},
		{"server_lifetime", "1e1", "10"},
		{"server_idle_timeout", "60s", ""},
		{"server_idle_timeout", "1min", ""},
		{"client_idle_timeout", "-1", ""},
		{"query_timeout", "inf", ""},
		{"query_timeout", "NaN", ""},
		{"server_reset_query", "DISCARD ALL", "DISCARD ALL"},
		{"key_of_tomorrow", "Yes", "Yes"},
	} {
		name := pgbouncerFamily.Prefix + tt.key
		setting, err := Catalog(backends.Default()).Lookup(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := setting.Canonical(tt.text)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q is %q, %v; want %q", name, tt.text, got, err, tt.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), name+" must be ") {
			t.Errorf("%s: %q: %v", name, tt.text, err)
		}
	}
}

// What depends on a key understands it however it is spelled.
func TestPgBouncerKeysInUse(t *testing.T) {
	e := &Env{}
	for _, tt := range []struct{ key, text, want string }{
		{"pool_mode", "Session", cacheStatement},
		{"max_prepared_statements", "0x0", cacheDescribe},
	} {
		setting, err := Catalog(backends.Default()).Lookup(pgbouncerFamily.Prefix + tt.key)
		if err != nil {
			t.Fatal(err)
		}
		value, err := setting.Canonical(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := pgbouncerExecMode(e, matrix.Settings{setting.Name: value}); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.key, tt.text, got, tt.want)
		}
	}
}
