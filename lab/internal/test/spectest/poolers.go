package spectest

import "math/rand/v2"

// key is one of a pooler's configuration file.
type key struct {
	name string
	draw func(*rand.Rand) string
}

// poolerKeys are those of each pooler that change how it behaves, with values that it takes, and some that it refuses.
var poolerKeys = map[string][]key{
	"pgbouncer": {
		{"pool_mode", inAnyCase(words("session", "transaction", "statement"))},
		{"default_pool_size", oneOf(whole(1, 40), whole(0, 1000))},
		{"min_pool_size", whole(0, 40)},
		{"reserve_pool_size", whole(0, 20)},
		{"reserve_pool_timeout", seconds(0, 10)},
		{"max_client_conn", oneOf(whole(1, 100), whole(0, 20_000), words("0x40"))},
		{"max_db_connections", whole(0, 40)},
		{"max_user_connections", whole(0, 40)},
		{"max_prepared_statements", whole(0, 400)},
		{"server_round_robin", boolean},
		{"server_fast_close", boolean},
		{"server_reset_query", words("DISCARD ALL", "", "SELECT 1", "nonsense")},
		{"server_reset_query_always", boolean},
		{"server_check_query", words("select 1", "", ";", "nonsense")},
		{"server_check_delay", seconds(0, 60)},
		{"server_lifetime", seconds(0, 3600)},
		{"server_idle_timeout", seconds(0, 600)},
		{"server_connect_timeout", seconds(0, 20)},
		{"server_login_retry", seconds(0, 20)},
		{"client_login_timeout", seconds(0, 60)},
		{"client_idle_timeout", seconds(0, 60)},
		{"idle_transaction_timeout", seconds(0, 60)},
		{"query_timeout", seconds(0, 60)},
		{"query_wait_timeout", seconds(0, 120)},
		{"cancel_wait_timeout", seconds(0, 20)},
		{"autodb_idle_timeout", seconds(0, 3600)},
		{"suspend_timeout", seconds(0, 20)},
		{"stats_period", whole(1, 120)},
		{"log_pooler_errors", boolean},
		{"log_stats", boolean},
		{"log_connections", boolean},
		{"verbose", whole(0, 3)},
		{"pkt_buf", whole(512, 65_536)},
		{"max_packet_size", whole(16_384, 2_147_483_647)},
		{"sbuf_loopcnt", whole(0, 20)},
		{"tcp_keepalive", boolean},
		{"tcp_keepidle", whole(0, 600)},
		{"tcp_socket_buffer", whole(0, 1<<20)},
		{"tcp_user_timeout", whole(0, 60_000)},
		{"tcp_defer_accept", whole(0, 60)},
		{"so_reuseport", boolean},
		{"disable_pqexec", boolean},
		{"application_name_add_host", boolean},
		{"ignore_startup_parameters", words("extra_float_digits", "extra_float_digits, search_path", "")},
		{"no_such_key", words("1")},
	},
	"pgpool": {
		{"num_init_children", oneOf(whole(1, 64), whole(0, 200))},
		{"max_pool", whole(0, 4)},
		{"reserved_connections", whole(0, 64)},
		{"listen_backlog_multiplier", whole(1, 256)},
		{"serialize_accept", words("on", "off")},
		{"child_life_time", whole(0, 600)},
		{"child_max_connections", whole(0, 1000)},
		{"connection_life_time", whole(0, 600)},
		{"client_idle_limit", whole(0, 60)},
		{"connection_cache", words("on", "off")},
		{"reset_query_list", words("ABORT; DISCARD ALL", "ABORT; RESET ALL", "")},
		{"log_connections", words("on", "off")},
		{"log_client_messages", words("on", "off")},
		{"log_statement", words("on", "off")},
		{"log_per_node_statement", words("on", "off")},
		{"log_min_messages", words("warning", "error", "debug1")},
		{"log_error_verbosity", words("terse", "default", "verbose")},
		{"client_min_messages", words("notice", "error")},
		{"relcache_expire", whole(0, 600)},
		{"relcache_size", whole(1, 1024)},
		{"memory_cache_enabled", words("on", "off")},
		{"no_such_key", words("1")},
	},
}

// seconds draws a time as PgBouncer takes it: seconds, whole or with a fraction.
func seconds(least, most int) func(*rand.Rand) string {
	return oneOf(whole(least, most), func(rng *rand.Rand) string {
		return whole(least, most)(rng) + pick(rng, []string{".0", ".5", ".25"})
	})
}
