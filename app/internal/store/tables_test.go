//go:build services

package store

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"stormwave/internal/test/pgtest"
)

func TestSchemaFillsTables(t *testing.T) {
	conn := pgtest.Connect(t, "app")
	var users, posts, authors, bytes int
	err := conn.QueryRow(t.Context(), `select (select count(*) from users where id <= $1),
		count(*), count(distinct author_id), max(length(body)) from posts where id <= $2`, testUsers, testPosts).
		Scan(&users, &posts, &authors, &bytes)
	if err != nil {
		t.Fatal(err)
	}
	if users != testUsers || posts != testPosts || authors != testUsers/10 || bytes != 160 {
		t.Errorf("got %d users, %d posts by %d authors of %d bytes", users, posts, authors, bytes)
	}
}

func TestAppRoleHasLeastRights(t *testing.T) {
	for _, sql := range []string{
		"create table mine (id int)",
		"create temporary table mine (id int)",
		"create schema mine",
		"drop table posts",
		"truncate sessions",
		"delete from users",
		"delete from posts",
		"update users set name = 'x'",
		"update posts set body = ''",
		"create role other",
	} {
		t.Run(sql, func(t *testing.T) {
			_, err := pgtest.Connect(t, "app").Exec(t.Context(), sql)
			pg, ok := err.(*pgconn.PgError)
			if !ok || pg.Code != "42501" {
				t.Errorf("got %v, want insufficient_privilege (42501)", err)
			}
		})
	}
}
