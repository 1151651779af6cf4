package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Post is what an author wrote.
type Post struct {
	ID      int64
	Author  int64
	Body    string
	Created time.Time
}

func (p *Post) dest() []any { return []any{&p.ID, &p.Author, &p.Body, &p.Created} }

// Feed calls yield for each of the contract.FeedPage newest posts, newest first:
// those of one author, or of everybody if author is 0. Each call gets the same
// Post, filled anew.
func (s *Store) Feed(ctx context.Context, author int64, yield func(*Post)) error {
	st, args := &selectFeed, []any(nil)
	if author != 0 {
		st, args = &selectAuthorFeed, []any{author}
	}
	var post Post
	dest := post.dest()
	return s.reader().query(ctx, st, func(rows pgx.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		yield(&post)
		return nil
	}, args...)
}

// Post returns one post, or ErrNotFound.
func (s *Store) Post(ctx context.Context, id int64) (post Post, err error) {
	err = s.reader().queryRow(ctx, &selectPost, post.dest(), id)
	return post, err
}

// CreatePost adds a post.
func (s *Store) CreatePost(ctx context.Context, author int64, body string) (post Post, err error) {
	err = s.writer().queryRow(ctx, &insertPost, post.dest(), author, body)
	return post, err
}
