package service

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/setting"
)

// Keys by what PgBouncer's own parsers take (src/main.c: bouncer_params; libusual's cfparser.c); the others are text.
const (
	pgbouncerBooleans = "application_name_add_host disable_pqexec log_connections log_disconnections log_pooler_errors " +
		"log_stats server_fast_close server_reset_query_always server_round_robin so_reuseport tcp_keepalive"
	pgbouncerNumbers = "default_pool_size max_client_conn max_db_client_connections max_db_connections max_packet_size " +
		"max_prepared_statements max_user_client_connections max_user_connections min_pool_size peer_id pkt_buf " +
		"query_wait_notify reserve_pool_size sbuf_loopcnt scram_iterations stats_period tcp_defer_accept tcp_keepcnt " +
		"tcp_keepidle tcp_keepintvl tcp_socket_buffer tcp_user_timeout verbose"
	pgbouncerTimes = "autodb_idle_timeout cancel_wait_timeout client_idle_timeout client_login_timeout dns_max_ttl " +
		"dns_nxdomain_ttl dns_zone_check_period idle_transaction_timeout pool_idle_timeout query_timeout " +
		"query_wait_timeout reserve_pool_timeout server_check_delay server_connect_timeout server_idle_timeout " +
		"server_lifetime server_login_retry suspend_timeout transaction_timeout"
	pgbouncerTexts = "admin_users auth_dbname auth_file auth_hba_file auth_ident_file auth_ldap_options auth_query " +
		"auth_type auth_user client_tls_ca_file client_tls_cert_file client_tls_ciphers client_tls_dheparams " +
		"client_tls_ecdhcurve client_tls_key_file client_tls_protocols client_tls_sslmode " +
		"ignore_startup_parameters job_name listen_addr listen_backlog listen_port logfile pidfile resolv_conf " +
		"server_check_query server_reset_query server_tls_ca_file server_tls_cert_file server_tls_ciphers " +
		"server_tls_key_file server_tls_protocols server_tls_sslmode service_name stats_users syslog " +
		"syslog_facility syslog_ident track_extra_parameters unix_socket_dir unix_socket_group unix_socket_mode user"
)

// pgbouncerTypes gives each value the one spelling that PgBouncer shows. It knows booleans as 1 and 0 alone, and ends
// at any other word; the lab takes them as postgresql.conf does.
func pgbouncerTypes() map[string]matrix.Type {
	all := map[string]matrix.Type{
		"pool_mode": {Allowed: "session, transaction or statement", Parse: func(text string) (string, bool) {
			mode := strings.ToLower(text)
			return mode, slices.Contains([]string{"session", "transaction", "statement"}, mode)
		}},
	}
	for keys, kind := range map[string]matrix.Type{
		pgbouncerBooleans: {Allowed: "1 or 0 (or on, yes, true, and their opposites)", Parse: pgbouncerBoolean},
		pgbouncerNumbers:  {Allowed: fmt.Sprintf("a whole number from 0 to %d", math.MaxInt32), Parse: pgbouncerNumber},
		pgbouncerTimes:    {Allowed: "a number of seconds without a unit, such as 1.5", Parse: pgbouncerSeconds},
	} {
		for key := range strings.FieldsSeq(keys) {
			all[key] = kind
		}
	}
	return all
}

func pgbouncerBoolean(text string) (string, bool) {
	value, ok := setting.Bool(text)
	if value {
		return "1", ok
	}
	return "0", ok
}

// ofC is a whole number as strtol reads it with the base 0.
var ofC = regexp.MustCompile(`^(0[xX][0-9a-fA-F]+|[0-9]+)$`)

// pgbouncerNumber refuses more than an int holds, which PgBouncer would cut off without a word.
func pgbouncerNumber(text string) (string, bool) {
	n, err := strconv.ParseInt(text, 0, 32)
	return strconv.FormatInt(n, 10), err == nil && ofC.MatchString(text)
}

func pgbouncerSeconds(text string) (string, bool) {
	seconds, err := strconv.ParseFloat(text, 64)
	return strconv.FormatFloat(seconds, 'f', -1, 64), err == nil && seconds >= 0 && seconds <= math.MaxInt32
}
