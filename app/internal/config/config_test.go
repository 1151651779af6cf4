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

func TestLoad(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want Config
	}{
		{
			name: "defaults",
			env:  map[string]string{contract.EnvPrimaryURL: primary},
			want: Config{Addr: "127.0.0.1:8080", PrimaryURL: primary, ExecMode: "cache_statement", Cancel: "close"},
		},
		{
			name: "words for no limit",
			env: map[string]string{
				contract.EnvPrimaryURL: primary, contract.EnvPoolSize: "unlimited", contract.EnvMaxInflight: "unlimited",
				contract.EnvQueryTimeout: "none", contract.EnvHTTPTimeout: "0", contract.EnvReplicaMaxLag: "none",
			},
			want: Config{Addr: "127.0.0.1:8080", PrimaryURL: primary, ExecMode: "cache_statement", Cancel: "close"},
		},
		{
			name: "everything",
			env: map[string]string{
				contract.EnvAddr: ":0", contract.EnvPrimaryURL: primary, contract.EnvReplicaURL: "postgresql://app@replica/lab",
				contract.EnvPoolSize: "8", contract.EnvPoolMin: "8", contract.EnvExecMode: "exec",
				contract.EnvAcquireTimeout: "500ms", contract.EnvQueryTimeout: "1s", contract.EnvStatementTimeout: "800ms",
				contract.EnvLockTimeout: "300ms", contract.EnvHTTPTimeout: "2s", contract.EnvMaxInflight: "64",
				contract.EnvMaxQueue: "32", contract.EnvQueueTimeout: "250ms", contract.EnvCancel: "cancel_request",
				contract.EnvReplicaMaxLag: "1s", contract.EnvReplicaWait: "100ms", contract.EnvReplicaFallback: "16", contract.EnvSlowRoute: "on",
			},
			want: Config{
				Addr: ":0", PrimaryURL: primary, ReplicaURL: "postgresql://app@replica/lab",
				PoolSize: 8, PoolMin: 8, ExecMode: "exec",
				AcquireTimeout: 500 * time.Millisecond, QueryTimeout: time.Second, StatementTimeout: 800 * time.Millisecond,
				LockTimeout: 300 * time.Millisecond, HTTPTimeout: 2 * time.Second, MaxInflight: 64,
				MaxQueue: 32, QueueTimeout: 250 * time.Millisecond, Cancel: "cancel_request",
				ReplicaMaxLag: time.Second, ReplicaWait: 100 * time.Millisecond, ReplicaFallback: 16, SlowRoute: true,
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
		{"pool size zero", contract.EnvPoolSize, "0", `write "unlimited" or a number from 1`},
		{"pool size negative", contract.EnvPoolSize, "-4", `write "unlimited" or a number from 1`},
		{"pool size word", contract.EnvPoolSize, "many", `write "unlimited" or a number from 1`},
		{"pool min over size", contract.EnvPoolMin, "9", "more than APP_POOL_SIZE (8)"},
		{"pool min negative", contract.EnvPoolMin, "-1", "write a number from 0"},
		{"exec mode", contract.EnvExecMode, "fast", "write one of cache_statement, cache_describe"},
		{"acquire timeout without unit", contract.EnvAcquireTimeout, "500", "write a duration such as 800ms"},
		{"query timeout negative", contract.EnvQueryTimeout, "-1s", "write a duration such as 800ms"},
		{"statement timeout too fine", contract.EnvStatementTimeout, "400us", "write whole milliseconds"},
		{"lock timeout too fine", contract.EnvLockTimeout, "1.5ms", "write whole milliseconds"},
		{"http timeout", contract.EnvHTTPTimeout, "soon", "write a duration such as 800ms"},
		{"inflight", contract.EnvMaxInflight, "0", `write "unlimited" or a number from 1`},
		{"queue without bound", contract.EnvMaxQueue, "5", "nobody ever waits without APP_MAX_INFLIGHT"},
		{"queue timeout", contract.EnvQueueTimeout, "1", "write a duration such as 800ms"},
		{"cancel", contract.EnvCancel, "kill", "write one of close, cancel_request"},
		{"replica lag", contract.EnvReplicaMaxLag, "late", "write a duration such as 800ms"},
		{"replica wait", contract.EnvReplicaWait, "-1s", "write a duration such as 800ms"},
		{"fallback", contract.EnvReplicaFallback, "0", `write "unlimited" or a number from 1`},
		{"slow route", contract.EnvSlowRoute, "yes", "write one of off, on"},
	}
	all := map[string]string{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := map[string]string{contract.EnvPrimaryURL: primary, contract.EnvPoolSize: "8", tt.env: tt.value}
			_, err := Load(from(env))
			if err == nil {
				t.Fatal("Load took it")
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != 1 || !strings.HasPrefix(lines[0], tt.env+" ") || !strings.Contains(lines[0], tt.want) {
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
		contract.EnvPoolSize: "8", contract.EnvQueryTimeout: "1s",
	}
	cfg, err := Load(from(env))
	if err != nil {
		t.Fatal(err)
	}
	got := cfg.Effective()
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
		contract.EnvPoolSize:   "8", contract.EnvQueryTimeout: "1s", contract.EnvAcquireTimeout: "none", contract.EnvMaxInflight: "unlimited",
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
