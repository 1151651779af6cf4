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
		insert into sessions (user_id, token_hash, expires_at) values ($1, $2, $3) returning user_id`}
	selectSession = statement{"select_session",
		`select user_id from sessions where token_hash = $1 and expires_at > now()`}
	selectFeed = statement{"select_feed",
		`select id, author_id, body, created_at from posts order by id desc limit ` + strconv.Itoa(contract.FeedPage)}
	selectAuthorFeed = statement{"select_author_feed",
		`select id, author_id, body, created_at from posts where author_id = $1 order by id desc limit ` + strconv.Itoa(contract.FeedPage)}
	selectPost = statement{"select_post",
		`select id, author_id, body, created_at from posts where id = $1`}
	insertPost = statement{"insert_post",
		`insert into posts (author_id, body) values ($1, $2) returning id, author_id, body, created_at`}

	// Not of the workload: readiness and attestation.
	ping = statement{"ping",
		`select 1`}
	fillPool    = statement{name: "fill_pool"}
	selectState = statement{"select_state",
		`select current_setting('server_version'), pg_is_in_recovery(), current_setting('statement_timeout'), current_setting('lock_timeout')`}
)

// statements are all that a pool runs.
var statements = []*statement{
	&insertUser, &selectCredential, &insertSession, &selectSession,
	&selectFeed, &selectAuthorFeed, &selectPost, &insertPost,
	&ping, &selectState,
}
