package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"stormwave/app/internal/store"
)

const (
	// passwordCost takes about 60 ms of one core per sign-up and log-in. A load
	// does these once, so they do not weigh on it. store.UnusableHash has the same.
	passwordCost = bcrypt.DefaultCost
	sessionLife  = 24 * time.Hour

	minPassword = 8  // bytes
	maxPassword = 72 // bytes; bcrypt takes no more
)

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{1,31}$`)

type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// createUser is POST /api/users.
func (s *service) createUser(ctx context.Context, r *http.Request, buf []byte) (int, []byte, error) {
	var in credentials
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if !namePattern.MatchString(in.Name) {
		return 0, nil, badRequest("bad_name", "name must be 2 to 32 of a-z, 0-9, _ and -, the first a letter or digit")
	}
	if len(in.Password) < minPassword || len(in.Password) > maxPassword {
		return 0, nil, badRequest("bad_password", "password must be %d to %d bytes long", minPassword, maxPassword)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(in.Password), passwordCost)
	if err != nil {
		return 0, nil, fmt.Errorf("hash password: %w", err)
	}
	id, err := s.store.CreateUser(ctx, in.Name, string(hash))
	if fault, ok := errors.AsType[*store.Error](err); ok && fault.Kind == store.Conflict {
		return 0, nil, errNameTaken
	}
	if err != nil {
		return 0, nil, err
	}
	return appendJSON(http.StatusCreated, buf, struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}{id, in.Name})
}

// createSession is POST /api/sessions.
func (s *service) createSession(ctx context.Context, r *http.Request, buf []byte) (int, []byte, error) {
	var in credentials
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Name == "" || in.Password == "" || len(in.Password) > maxPassword {
		return 0, nil, badRequest("bad_credentials", "send name and password, of at most %d bytes", maxPassword)
	}
	user, hash, err := s.credential(ctx, in.Name)
	if err != nil {
		return 0, nil, err
	}
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(in.Password)) != nil {
		return 0, nil, errCredentials
	}
	token := rand.Text()
	expires, err := s.store.CreateSession(ctx, user, sha256.Sum256([]byte(token)), sessionLife)
	if err != nil {
		return 0, nil, err
	}
	return appendJSON(http.StatusCreated, buf, struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}{token, expires.UTC()})
}

// credential returns a hash for every name: to log in as nobody takes as long as
// with a wrong password, so names cannot be probed.
func (s *service) credential(ctx context.Context, name string) (user int64, hash string, err error) {
	if !namePattern.MatchString(name) {
		return 0, store.UnusableHash, nil
	}
	user, hash, err = s.store.Credential(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return 0, store.UnusableHash, nil
	}
	return user, hash, err
}

// session returns whose the request is, by the one look-up of its token.
func (s *service) session(ctx context.Context, r *http.Request) (store.Session, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return store.Session{}, errUnauthorized
	}
	session, err := s.store.Session(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, store.ErrNotFound) {
		return store.Session{}, errUnauthorized
	}
	return session, err
}

func appendJSON(status int, buf []byte, v any) (int, []byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return 0, nil, fmt.Errorf("encode answer: %w", err)
	}
	return status, append(buf, body...), nil
}
