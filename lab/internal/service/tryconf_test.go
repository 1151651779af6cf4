package service

import (
	"fmt"
	"testing"
)

// Why a server ended is told in its own words, without when and where.
func TestLastWords(t *testing.T) {
	const log = `2026-11-27 02:48:21.399 UTC [17251] LOG:  skipping missing configuration file "postgresql.auto.conf"
2026-11-27 02:48:21.399 UTC [17251] FATAL:  WAL streaming (max_wal_senders > 0) requires wal_level "replica" or "logical"
2026-11-27 02:48:21.399 UTC [17251] LOG:  database system is shut down
`
	const reserved = "postgres: superuser_reserved_connections (3) must be less than max_connections (3)"
	const at = "2026-11-27 02:48:21.399 UTC [17251] "
	// full is what a backend logs that cannot fill its pool.
	full := func(open int) string {
		return fmt.Sprintf(`{"time":"2026-11-27T02:48:21Z","level":"WARN","msg":"not ready",`+
			`"error":"run fill_pool on primary: unavailable (08P01): failed to connect:\n\t%d of 60: FATAL: no more connections allowed (max_client_conn) `+
			`(SQLSTATE 08P01)"}`+"\n", open)
	}
	for text, want := range map[string]string{
		"":  "",
		log: `FATAL:  WAL streaming (max_wal_senders > 0) requires wal_level "replica" or "logical"`,
		"run postgres: exit 1\n  command: postgres -D x\n" + reserved + "\n": reserved,
		at + "FATAL @src/main.c:9 in function main(): cannot load config file": "FATAL @src/main.c:9 in function main(): " +
			"cannot load config file",
		at + "FATAL:  the database system is starting up": "",
		at + "LOG:  ready": "",
		at + "FATAL:  twice\n" + at + "FATAL:  twice\n": "FATAL:  twice",
		"app: read APP_POOL_SIZE: \"x\" is no number\n": `app: read APP_POOL_SIZE: "x" is no number`,
		full(2) + full(0): "run fill_pool on primary: unavailable (08P01): failed to connect: 0 of 60: " +
			"FATAL: no more connections allowed (max_client_conn) (SQLSTATE 08P01)",
		`{"level":"INFO","msg":"listening","error":"none"}`: "",
		`{"level":"WARN","msg":"not `:                       "", // cut off
	} {
		if got := LastWords(text, "postgres", "app"); got != want {
			t.Errorf("of %q the last words are %q; want %q", text, got, want)
		}
	}
}
