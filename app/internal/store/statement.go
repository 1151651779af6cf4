package store

import (
	"strconv"

	"stormwave/app/contract"
)

// statement is SQL with the name that it is measured under.
type statement struct {
	name string
	sql  string
}

var (
	insertUser = statement{"insert_user",
		`insert into users (name, password_hash) values ($1, $2) returning id`}
	selectCredential = statement{"select_credential",
		`select id, password_hash from users where name = $1`}
	// insertSession also clears away the user's expired sessions: the table stays small without a job for it.
	insertSession = statement{"insert_session",
		`with expired as (delete from sessions where user_id = $1 and expires_at <= now())
		insert into sessions (user_id, token_hash, expires_at)
		values ($1, $2, date_trunc('second', now() + make_interval(secs => $3))) returning expires_at`}
	selectSession = statement{"select_session",
		`select user_id from sessions where token_hash = $1 and expires_at > now()`}
	selectFeed = statement{"select_feed",
		`select id, author_id, body, created_at from posts order by id desc limit ` + strconv.Itoa(contract.FeedPage)}
	selectAuthorFeed = statement{"select_author_feed",
		`select id, author_id, body, created_at from posts where author_id = $1 order by id desc limit ` +
			strconv.Itoa(contract.FeedPage)}
	selectPost = statement{"select_post",
		`select id, author_id, body, created_at from posts where id = $1`}
	insertPost = statement{"insert_post",
		`insert into posts (author_id, body) values ($1, $2) returning id, author_id, body, created_at`}
	selectSlow = statement{"select_slow",
		`select 1 from pg_sleep($1)`}
	// selectPosition is where the WAL is after a write, in bytes: what has replayed so far has
	// the write, even if the server commits asynchronously.
	selectPosition = statement{"select_position",
		`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8`}

	// Of the replica's probe. A server that was promoted has all that it will ever have.
	selectHeartbeat = statement{"select_heartbeat",
		`select pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() ` +
			`else pg_current_wal_lsn() end, '0/0')::int8, at from heartbeat`}
	updateHeartbeat = statement{"update_heartbeat",
		`update heartbeat set at = clock_timestamp() returning at, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8`}

	// Not of the workload: readiness and read-back.
	ping = statement{"ping",
		`select 1`}
	fillPool      = statement{name: "fill_pool"}
	awaitFallback = statement{name: "await_fallback"}
	selectState   = statement{"select_state",
		`select current_setting('server_version'), pg_is_in_recovery(), ` +
			`current_setting('statement_timeout'), current_setting('lock_timeout')`}
)

// statements are all that a pool runs.
var statements = []*statement{
	&insertUser, &selectCredential, &insertSession, &selectSession,
	&selectFeed, &selectAuthorFeed, &selectPost, &insertPost, &selectSlow,
	&ping, &selectState,
}
