package service

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"stormwave/lab/backends"
)

var update = flag.Bool("update", false, "write the table of settings into the README of the matrices")

// The README's table of settings is made from the catalog.
func TestSettingsDocumented(t *testing.T) {
	const file = "../../matrices/README.md"
	var b strings.Builder
	b.WriteString("| name | values | default | meaning |\n|---|---|---|---|\n")
	for _, s := range Catalog(backends.Default()).Table() {
		standard := ""
		if s.Default != "" {
			standard = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, s.Type, standard, s.Meaning)
	}
	table := b.String()
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		between := regexp.MustCompile(`(?s)(<!-- settings.*? -->\n).*(<!-- end of settings -->)`)
		readme = between.ReplaceAll(readme, []byte("${1}"+table+"${2}"))
		if err := os.WriteFile(file, readme, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(readme), "-->\n"+table+"<!--") {
		t.Errorf("%s lacks the table of settings; run go test with -update", file)
	}
}

// What runs a program, reads or writes a file, listens, lets somebody in or aims the
// load is not for a spec to set.
func TestForbiddenSettings(t *testing.T) {
	for _, name := range []string{
		"postgres.archive_command", "postgres.restore_command", "postgres.ssl_passphrase_command", "postgres.archive_library",
		"postgres.shared_preload_libraries", "postgres.session_preload_libraries", "postgres.jit_provider",
		"postgres.include", "postgres.include_dir", "postgres.include_if_exists", "postgres.config_file", "postgres.hba_file",
		"postgres.external_pid_file", "postgres.krb_server_keyfile", "postgres.data_directory", "postgres.log_directory",
		"postgres.log_filename", "postgres.log_destination", "postgres.dynamic_library_path",
		"postgres.extension_control_path", "postgres.extension_destdir",
		"postgres.listen_addresses", "postgres.port", "postgres.unix_socket_directories", "postgres.unix_socket_permissions",
		"postgres.ssl", "postgres.ssl_cert_file", "postgres.password_encryption", "postgres.primary_conninfo",
		"pgbouncer.logfile", "pgbouncer.pidfile", "pgbouncer.auth_file", "pgbouncer.auth_hba_file", "pgbouncer.resolv_conf",
		"pgbouncer.listen_addr", "pgbouncer.listen_port", "pgbouncer.unix_socket_dir", "pgbouncer.auth_type",
		"pgbouncer.auth_query",
		"pgbouncer.admin_users", "pgbouncer.stats_users", "pgbouncer.user", "pgbouncer.client_tls_key_file",
		"pgbouncer.server_tls_sslmode",
		"scenario.BASE_URL", "scenario.SUCCESS", "scenario.FAILED_BODY", "scenario.PHASE",
		"scenario.SUMMARY_FILE", "scenario.SCALE", "scenario.SEED", "scenario.SLO_P99",
		"scenario.K6_OUT",
		"scenario.K6_LOG_OUTPUT", "scenario.K6_BLACKLIST_IPS", "scenario.HTTP_PROXY", "scenario.LD_PRELOAD", "scenario.HOME",
		"scenario.SSLKEYLOGFILE",
		"app.APP_ADDR", "app.APP_PRIMARY_URL", "app.APP_POOL_SIZE", "app.PGHOST", "app.PGPASSFILE", "app.PGSERVICEFILE",
		"app.LD_PRELOAD", "app.PATH", "app.GODEBUG", "app.HTTPS_PROXY",
		"postgres." + strings.Repeat("a", 200),
		// The backend's role overrides them, or they would end the lab's own work.
		"postgres.statement_timeout", "postgres.lock_timeout", "postgres.transaction_timeout", "postgres.hot_standby",
		"postgres.default_transaction_read_only", "postgres.recovery_target", "postgres.recovery_target_time",
		"postgres.pre_auth_delay",
		// Of one transaction: a server takes none of them from its configuration.
		"postgres.transaction_isolation", "postgres.transaction_deferrable", "postgres.transaction_read_only",
	} {
		if s, err := Catalog(backends.Default()).Lookup(name); err == nil {
			t.Errorf("Lookup(%q) = %+v, want it refused", name, s)
		}
	}
	for _, name := range []string{
		"postgres.max_connections", "postgres.shared_buffers", "postgres.search_path", "postgres.temp_file_limit",
		"postgres.log_min_duration_statement",
		"postgres.max_files_per_process", "postgres.synchronous_commit", "postgres.fsync",
		"postgres.idle_session_timeout", "postgres.recovery_min_apply_delay", "postgres.hot_standby_feedback",
		"pgbouncer.pool_mode", "pgbouncer.query_wait_timeout", "pgbouncer.server_idle_timeout",
		"scenario.GOGC", "scenario.GOMAXPROCS", "scenario.HTTP_TIMEOUT", "scenario.RATE", "app.GOGC", "app.GOMAXPROCS",
		"app.APP_LOG",
	} {
		if _, err := Catalog(backends.Default()).Lookup(name); err != nil {
			t.Errorf("%s %v", name, err)
		}
	}
}
