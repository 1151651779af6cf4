package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/app/contract"
)

const primary = "postgres://app:s3cret@127.0.0.1:5432/lab?sslmode=disable"

func from(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// defaults is what a backend has that is told nothing but its primary.
var defaults = contract.Settings{
	Addr:       "127.0.0.1:8080",
	PrimaryURL: primary,
	ExecMode:   "cache_statement",
	Cancel:     "close",
	SlowRoute:  "off",
}

func TestLoad(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want contract.Settings
	}{
		{
			name: "defaults",
			env:  map[string]string{contract.EnvPrimaryURL: primary},
			want: defaults,
		},
		{
			name: "words for no limit",
			env: map[string]string{
				contract.EnvPrimaryURL: primary, "APP_POOL_SIZE": "unlimited", "APP_MAX_INFLIGHT": "unlimited",
				"APP_QUERY_TIMEOUT": "none", "APP_HTTP_TIMEOUT": "0", "APP_REPLICA_MAX_LAG": "none",
			},
			want: defaults,
		},
		{
			name: "everything",
			env: map[string]string{
				contract.EnvAddr: ":0", contract.EnvPrimaryURL: primary, contract.EnvReplicaURL: "postgresql://app@replica/lab",
				"APP_POOL_SIZE": "8", "APP_POOL_MIN": "8", "APP_EXEC_MODE": "exec",
				"APP_ACQUIRE_TIMEOUT": "500ms", "APP_QUERY_TIMEOUT": "1s", "APP_STATEMENT_TIMEOUT": "800ms",
				"APP_LOCK_TIMEOUT": "300ms", "APP_HTTP_TIMEOUT": "2s", "APP_MAX_INFLIGHT": "64",
				"APP_MAX_QUEUE": "32", "APP_QUEUE_TIMEOUT": "250ms", "APP_CANCEL": "cancel_request",
				"APP_REPLICA_MAX_LAG": "1s", "APP_REPLICA_WAIT": "100ms", "APP_REPLICA_FALLBACK": "16", "APP_SLOW_ROUTE": "on",
			},
			want: contract.Settings{
				Addr: ":0", PrimaryURL: primary, ReplicaURL: "postgresql://app@replica/lab",
				PoolSize: 8, PoolMin: 8, ExecMode: "exec",
				AcquireTimeout: 500 * time.Millisecond, QueryTimeout: time.Second, StatementTimeout: 800 * time.Millisecond,
				LockTimeout: 300 * time.Millisecond, HTTPTimeout: 2 * time.Second, MaxInflight: 64,
				MaxQueue: 32, QueueTimeout: 250 * time.Millisecond, Cancel: "cancel_request",
				ReplicaMaxLag: time.Second, ReplicaWait: 100 * time.Millisecond, ReplicaFallback: 16, SlowRoute: "on",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Load(from(tt.env))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadReportsEveryFault(t *testing.T) {
	tests := []struct {
		name, env, value, want string
	}{
		{"address without port", contract.EnvAddr, "localhost", "write host:port"},
		{"port too high", contract.EnvAddr, "localhost:70000", "write host:port"},
		{"no primary", contract.EnvPrimaryURL, "", "is not set: write postgres://"},
		{"wrong scheme", contract.EnvPrimaryURL, "mysql://app:s3cret@h/db", "is not the URL of a database"},
		{"no database", contract.EnvReplicaURL, "postgres://app:s3cret@h/", "is not the URL of a database"},
		{"unreadable URL", contract.EnvReplicaURL, "postgres://app:s3cret%zz@h/db", "is not the URL of a database"},
		{"pool size zero", "APP_POOL_SIZE", "0", `write "unlimited" or a number from 1`},
		{"pool size negative", "APP_POOL_SIZE", "-4", `write "unlimited" or a number from 1`},
		{"pool size word", "APP_POOL_SIZE", "many", `write "unlimited" or a number from 1`},
		{"pool min over size", "APP_POOL_MIN", "9", "more than APP_POOL_SIZE (8)"},
		{"pool min negative", "APP_POOL_MIN", "-1", "write a number from 0"},
		{"exec mode", "APP_EXEC_MODE", "fast", "write one of cache_statement, cache_describe"},
		{"acquire timeout without unit", "APP_ACQUIRE_TIMEOUT", "500", "write a duration such as 800ms"},
		{"query timeout negative", "APP_QUERY_TIMEOUT", "-1s", "write a duration such as 800ms"},
		{"statement timeout too fine", "APP_STATEMENT_TIMEOUT", "400us", "write whole milliseconds"},
		{"lock timeout too fine", "APP_LOCK_TIMEOUT", "1.5ms", "write whole milliseconds"},
		{"http timeout", "APP_HTTP_TIMEOUT", "soon", "write a duration such as 800ms"},
		{"inflight", "APP_MAX_INFLIGHT", "0", `write "unlimited" or a number from 1`},
		{"queue without bound", "APP_MAX_QUEUE", "5", "nobody ever waits without APP_MAX_INFLIGHT"},
		{"queue timeout", "APP_QUEUE_TIMEOUT", "1", "write a duration such as 800ms"},
		{"cancel", "APP_CANCEL", "kill", "write one of close, cancel_request"},
		{"replica lag", "APP_REPLICA_MAX_LAG", "late", "write a duration such as 800ms"},
		{"replica wait", "APP_REPLICA_WAIT", "-1s", "write a duration such as 800ms"},
		{"fallback", "APP_REPLICA_FALLBACK", "0", `write "unlimited" or a number from 1`},
		{"slow route", "APP_SLOW_ROUTE", "yes", "write one of off, on"},
	}
	all := map[string]string{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := map[string]string{contract.EnvPrimaryURL: primary, "APP_POOL_SIZE": "8", tt.env: tt.value}
			_, err := Load(from(env))
			if err == nil {
				t.Fatal("Load took it")
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != 1 || !strings.HasPrefix(lines[0], tt.env+" ") ||
				!strings.Contains(lines[0], tt.want) {
				t.Errorf("got %q, want one line on %s with %q", err, tt.env, tt.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("password shown: %v", err)
			}
		})
		all[tt.env] = tt.value
	}

	_, err := Load(from(all))
	for name := range all {
		if err == nil || !strings.Contains(err.Error(), name+" ") {
			t.Errorf("with every variable at fault, %s is not named in: %v", name, err)
		}
	}
}

func TestEffectiveHidesSecretsAndLoadsAgain(t *testing.T) {
	env := map[string]string{
		contract.EnvPrimaryURL: primary, contract.EnvReplicaURL: "postgres://app:0ther@replica:5433/lab?password=third",
		"APP_POOL_SIZE": "8", "APP_QUERY_TIMEOUT": "1s",
	}
	cfg, err := Load(from(env))
	if err != nil {
		t.Fatal(err)
	}
	got := Effective(cfg)
	for name, value := range got {
		for _, secret := range []string{"s3cret", "0ther", "third", "app:"} {
			if strings.Contains(value, secret) {
				t.Errorf("%s shows %q in %q", name, secret, value)
			}
		}
	}
	want := map[string]string{
		contract.EnvPrimaryURL: "postgres://127.0.0.1:5432/lab",
		contract.EnvReplicaURL: "postgres://replica:5433/lab",
		"APP_POOL_SIZE":        "8",
		"APP_QUERY_TIMEOUT":    "1s",
		"APP_ACQUIRE_TIMEOUT":  "none",
		"APP_MAX_INFLIGHT":     "unlimited",
		"APP_SLOW_ROUTE":       "off",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %q, want %q", name, got[name], value)
		}
	}

	again, err := Load(from(got))
	if err != nil {
		t.Fatalf("effective settings cannot be loaded: %v", err)
	}
	again.PrimaryURL, again.ReplicaURL = cfg.PrimaryURL, cfg.ReplicaURL
	if diff := cmp.Diff(cfg, again); diff != "" {
		t.Error(diff)
	}
}
