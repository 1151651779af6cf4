//go:build services

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"stormwave/app/contract"
)

// bare is the feed as one writes it first, with net/http, pgx and encoding/json:
// the same two queries, and no metrics, limits or timeouts. It is what the
// backend's cost is measured against.
type bare struct {
	pool *pgxpool.Pool
}

type barePost struct {
	ID      int64     `json:"id"`
	Author  int64     `json:"author_id"`
	Created time.Time `json:"created_at"`
	Body    string    `json:"body"`
}

type barePage struct {
	Posts []barePost `json:"posts"`
}

func (b bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	hash := sha256.Sum256([]byte(token))
	var user int64
	err := b.pool.QueryRow(
		r.Context(), "select user_id from sessions where token_hash = $1 and expires_at > now()", hash[:],
	).Scan(&user)
	if errors.Is(err, pgx.ErrNoRows) {
		http.Error(w, "log in first", http.StatusUnauthorized)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	author, err := strconv.ParseInt(r.URL.Query().Get(contract.FeedAuthor), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	page, err := b.page(r.Context(), author)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page) // the client is gone
}

func (b bare) page(ctx context.Context, author int64) (page barePage, err error) {
	rows, err := b.pool.Query(
		ctx, "select id, author_id, body, created_at from posts where author_id = $1 order by id desc limit 50", author,
	)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	page.Posts = make([]barePost, 0, contract.FeedPage)
	for rows.Next() {
		var post barePost
		if err := rows.Scan(&post.ID, &post.Author, &post.Body, &post.Created); err != nil {
			return page, err
		}
		page.Posts = append(page.Posts, post)
	}
	return page, rows.Err()
}

// serveBare listens and logs as the backend does, until SIGTERM.
func serveBare() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config, err := pgxpool.ParseConfig(os.Getenv(contract.EnvPrimaryURL))
	if err != nil {
		return err
	}
	config.MaxConns = costPool
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	listener, err := net.Listen("tcp", os.Getenv(contract.EnvAddr))
	if err != nil {
		return err
	}
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Info("listening", "addr", listener.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("GET "+contract.RouteFeed, bare{pool})
	server := &http.Server{Handler: mux}
	closed := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer closed()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
