package service

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/toolchain"
)

// It knows of the replica only where reads go there, and sends there the reads of one application alone.
func TestPgpoolConf(t *testing.T) {
	for _, tt := range []struct {
		topology, version string
		has, lacks        []string
	}{
		{
			"pgpool", "4.3.5",
			[]string{
				"port = 3", "\nsocket_dir = '.'", "pid_file_name = 'pgpool.pid'", "backend_port0 = 1",
				"backend_flag0 = 'ALWAYS_PRIMARY|DISALLOW_TO_FAILOVER'",
				"load_balance_mode = off", "num_init_children = '8'", "max_pool = '1'", "listen_backlog_multiplier = '128'",
				"enable_pool_hba = on", "pcp_listen_addresses = ''", "health_check_period = 0", "sr_check_period = 0",
			},
			[]string{"backend_port1", "redirect", "function_list", "unix_socket_directories"},
		},
		{
			"pgpool+replica", "4.6.1",
			[]string{
				"backend_port0 = 1", "backend_port1 = 2", "backend_flag1 = 'DISALLOW_TO_FAILOVER'", "load_balance_mode = on",
				"app_name_redirect_preference_list = 'stormwave-reads:standby,.*:primary'", "read_only_function_list = '.*'",
				"unix_socket_directories = '.'", `reset_query_list = 'SET a = "b\c"; # no comment'`,
			},
			[]string{"\nsocket_dir"},
		},
	} {
		e := &Env{
			Config:  NewConfig(backends.Default()),
			Layout:  Layout{Sockets: "/somebody's/run", Home: "/somebody's"},
			Tools:   toolchain.Set{"pgpool": {Version: tt.version}},
			secrets: newSecrets(),
			Addrs:   map[string]string{Primary: "x:1", Replica: "x:2", Pgpool: "x:3", App: "x:4"},
		}
		e.Settings[matrix.Topology], e.Settings["pgpool.num_init_children"] = tt.topology, "8"
		e.Settings["pgpool.reset_query_list"] = `SET a = "b\c"; # no comment`
		text, err := e.pgpoolConf()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s, %s: no %q in\n%s", tt.topology, tt.version, want, text)
			}
		}
		for _, other := range tt.lacks {
			if strings.Contains(text, other) {
				t.Errorf("%s, %s: %q in\n%s", tt.topology, tt.version, other, text)
			}
		}
		if strings.Contains(text, "somebody") {
			t.Errorf("%s: a path that can hold a quote is in\n%s", tt.topology, text)
		}
		for role, secret := range e.secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the password of %s is in the configuration", tt.topology, role)
			}
		}
	}
}

// What a pooler shows stands for what was asked, however it is spelled; what it does not show is not confirmed.
func TestConfirm(t *testing.T) {
	settings := matrix.Settings{"pgpool.connection_cache": "yes", "pgpool.max_pool": "4", "pgpool.no_such_key": "1"}
	shown := map[string]string{"connection_cache": "on", "max_pool": "2", "num_init_children": "32", "port": "9999"}
	var read setting.Reading
	confirm(&read, pgpoolFamily, Pgpool, shown, settings)
	for name, want := range map[string]string{"pgpool.connection_cache": "on", "pgpool.max_pool": "2", "pgpool.port": ""} {
		if got := read.Values[name]; got != want {
			t.Errorf("%s is %q; want %q", name, got, want)
		}
	}
	if !slices.Contains(read.Same, "pgpool.connection_cache") || slices.Contains(read.Same, "pgpool.max_pool") {
		t.Errorf("as asked: %q; want connection_cache, and not max_pool", read.Same)
	}
	if !slices.Contains(read.Unconfirmed, "pgpool.no_such_key") {
		t.Errorf("not confirmed: %q; want no_such_key", read.Unconfirmed)
	}
}

func TestPgpoolLeadsToTheReplica(t *testing.T) {
	u, err := url.Parse("postgres://app@x:3/stormwave?sslmode=prefer")
	if err != nil {
		t.Fatal(err)
	}
	Find(Pgpool).ToReplica(u)
	if want := "postgres://app@x:3/stormwave?sslmode=prefer&application_name=stormwave-reads"; u.String() != want {
		t.Errorf("%s, want %s", u, want)
	}
}

// What runs a program, opens a file, listens, lets somebody in or leads to another server is not for a spec to set;
// what shapes the pool is.
func TestPgpoolSettings(t *testing.T) {
	for why, names := range map[string][]string{
		"it runs a program": {
			"failover_command", "follow_primary_command", "recovery_1st_stage_command", "ssl_passphrase_command",
		},
		"the lab chooses the files": {
			"include", "pool_passwd_file", "logdir", "log_destination", "log_filename", "pid_file_name", "memqcache_oiddir",
			"log_directory", "memqcache_memcached_host", "syslog_ident",
		},
		"the lab chooses where it listens and who gets in": {
			"port", "listen_addresses", "pcp_port", "pool_passwd", "enable_pool_hba", "ssl_key", "backend_hostname0", "wd_port0",
			"use_watchdog", "sr_check_user", "sr_check_password", "health_check_user", "allow_clear_text_frontend_auth",
		},
		"use topology": {
			"backend_weight1", "backend_flag0", "backend_clustering_mode", "load_balance_mode",
			"app_name_redirect_preference_list", "read_only_function_list", "failover_on_backend_error",
		},
	} {
		for _, name := range names {
			_, err := Catalog(backends.Default()).Lookup("pgpool." + name)
			if err == nil || !strings.HasSuffix(err.Error(), why) {
				t.Errorf("pgpool.%s: %v; want %s", name, err, why)
			}
		}
	}
	for _, name := range []string{
		"num_init_children", "max_pool", "child_life_time", "connection_life_time", "reserved_connections",
		"serialize_accept", "client_idle_limit", "connection_cache", "reset_query_list", "memory_cache_enabled",
	} {
		if _, err := Catalog(backends.Default()).Lookup("pgpool." + name); err != nil {
			t.Errorf("pgpool.%s %v", name, err)
		}
	}
	if !slices.Contains(Catalog(backends.Default()).Topologies(), "pgpool+replica") {
		t.Error("there is no topology pgpool+replica")
	}
}
