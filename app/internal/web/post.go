package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"stormwave/app/contract"
	"stormwave/app/internal/store"
)

const maxPost = 1000 // characters

// feed is GET /api/feed: exactly two queries, the session and the page.
func (s *service) feed(ctx context.Context, r *http.Request, buf []byte) (int, []byte, error) {
	author, err := feedAuthor(r.URL)
	if err != nil {
		return 0, nil, err
	}
	session, err := s.session(ctx, r)
	if err != nil {
		return 0, nil, err
	}
	buf = append(buf, `{"posts":[`...)
	empty := len(buf)
	err = s.store.Feed(ctx, session, author, func() { buf = buf[:empty] }, func(p *store.Post) {
		if len(buf) > empty {
			buf = append(buf, ',')
		}
		buf = appendPost(buf, p)
	})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, append(buf, `]}`...), nil
}

// feedAuthor returns 0 for the feed of everybody.
func feedAuthor(u *url.URL) (int64, error) {
	if u.RawQuery == "" {
		return 0, nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return 0, badRequest("bad_query", "the query string cannot be read")
	}
	if !query.Has(contract.FeedAuthor) {
		return 0, nil
	}
	return parseID(contract.FeedAuthor, query.Get(contract.FeedAuthor))
}

// readPost is GET /api/posts/{id}.
func (s *service) readPost(ctx context.Context, r *http.Request, buf []byte) (int, []byte, error) {
	id, err := parseID("id", r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	session, err := s.session(ctx, r)
	if err != nil {
		return 0, nil, err
	}
	post, err := s.store.Post(ctx, session, id)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, appendPost(buf, &post), nil
}

// createPost is POST /api/posts.
func (s *service) createPost(ctx context.Context, r *http.Request, buf []byte) (int, []byte, error) {
	session, err := s.session(ctx, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Body string `json:"body"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if n := utf8.RuneCountInString(in.Body); n < 1 || n > maxPost || strings.ContainsRune(in.Body, 0) {
		return 0, nil, badRequest("bad_body", "body must be 1 to %d characters, none of them NUL", maxPost)
	}
	post, err := s.store.CreatePost(ctx, session, in.Body)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, appendPost(buf, &post), nil
}

func parseID(name, text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, badRequest("bad_"+name, "%s must be a number from 1 to %d", name, int64(1<<63-1))
	}
	return id, nil
}

// appendPost writes by hand what fifty posts a request would spend most of the
// backend's time on through reflection.
func appendPost(b []byte, p *store.Post) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, p.ID, 10)
	b = append(b, `,"author_id":`...)
	b = strconv.AppendInt(b, p.Author, 10)
	b = append(b, `,"created_at":"`...)
	b = p.Created.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","body":`...)
	b = appendString(b, p.Body)
	return append(b, '}')
}

// appendString quotes s itself if nothing in it needs escaping.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
