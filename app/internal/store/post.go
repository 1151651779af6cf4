package store

import (
	"context"
	"errors"
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
// Post, filled anew. begin is called before the first of them, and once more where
// the query broke and is run anew: then what was yielded does not count.
func (s *Store) Feed(ctx context.Context, session Session, author int64, begin func(), yield func(*Post)) error {
	st, args := &selectFeed, []any(nil)
	if author != 0 {
		st, args = &selectAuthorFeed, []any{author}
	}
	var post Post
	dest := post.dest()
	return s.read(ctx, session.token, func(p *pool) error {
		begin()
		newest := int64(0)
		err := p.query(ctx, st, func(rows pgx.Rows) error {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			newest = max(newest, post.ID)
			yield(&post)
			return nil
		}, args...)
		if err == nil && (author == 0 || author == session.User) {
			s.checkFresh(session, newest)
		}
		return err
	})
}

// checkFresh counts an answer in which the newest post is older than the session's.
func (s *Store) checkFresh(session Session, newest int64) {
	if newest < s.written.newest(session.token) {
		s.reads.Stale()
	}
}

// Post returns one post, or ErrNotFound.
func (s *Store) Post(ctx context.Context, session Session, id int64) (post Post, err error) {
	err = s.read(ctx, session.token, func(p *pool) error {
		return p.queryRow(ctx, &selectPost, post.dest(), id)
	})
	if errors.Is(err, ErrNotFound) && id == s.written.newest(session.token) {
		s.reads.Stale()
	}
	return post, err
}

// CreatePost adds a post.
func (s *Store) CreatePost(ctx context.Context, session Session, body string) (post Post, err error) {
	err = s.write(ctx, session.token, &insertPost, post.dest(), session.User, body)
	if err == nil {
		s.written.posted(session.token, post.ID)
	}
	return post, err
}

// Sleep runs a query that takes as long as long says.
func (s *Store) Sleep(ctx context.Context, session Session, long time.Duration) error {
	var one int
	return s.read(ctx, session.token, func(p *pool) error {
		return p.queryRow(ctx, &selectSlow, []any{&one}, long.Seconds())
	})
}
