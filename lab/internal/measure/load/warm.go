package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"stormwave/lab/internal/backend"
)

var warmup = backend.Bundled.Warmup

const (
	warmRequests = 200 // enough for every plan and every index page of the few authors asked for
	warmClients  = 4
	warmTimeout  = 20 * time.Second
)

// client goes where it is told, and nowhere that an answer tells it.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Warm logs a user in and reads some feeds, so that the first request of the load
// is not the first that the backend sees. It fails when an answer is not as it
// should be: then there is no use in shooting.
func Warm(ctx context.Context, baseURL string) error {
	ctx, cancel := context.WithTimeout(ctx, warmTimeout)
	defer cancel()
	token, err := logIn(ctx, baseURL)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for client := range warmClients {
		group.Go(func() error {
			for i := client; i < warmRequests; i += warmClients {
				if err := readFeed(ctx, baseURL, token, 1+i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func logIn(ctx context.Context, baseURL string) (token string, err error) {
	user := []byte(`{"name":"warm-up","password":"a password for warming up"}`)
	// 409: it is there from an earlier shot.
	_, err = request(ctx, http.MethodPost, baseURL+warmup.Users, "", user, http.StatusCreated, http.StatusConflict)
	if err != nil {
		return "", err
	}
	body, err := request(ctx, http.MethodPost, baseURL+warmup.Sessions, "", user, http.StatusCreated)
	if err != nil {
		return "", err
	}
	var session struct{ Token string }
	if err := json.Unmarshal(body, &session); err != nil || session.Token == "" {
		return "", fmt.Errorf("log in: the backend gave no token: %.100s", body)
	}
	return session.Token, nil
}

func readFeed(ctx context.Context, baseURL, token string, author int) error {
	url := baseURL + warmup.Feed + strconv.Itoa(author)
	body, err := request(ctx, http.MethodGet, url, token, nil, http.StatusOK)
	if err != nil {
		return err
	}
	var feed struct{ Posts []json.RawMessage }
	if err := json.Unmarshal(body, &feed); err != nil || len(feed.Posts) != warmup.Posts {
		return fmt.Errorf("read feed of author %d: %d posts, want %d", author, len(feed.Posts), warmup.Posts)
	}
	return nil
}

// warmPause is the pause before a request is sent again that was turned away for want of room.
const warmPause = 20 * time.Millisecond

// request makes one, and returns the body of an answer with one of the statuses. One that is
// turned away for want of room is sent again, as long as there is time.
func request(
	ctx context.Context, method, url, token string, body []byte, statuses ...int,
) ([]byte, error) {
	for {
		answer, status, err := send(ctx, method, url, token, body)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s %s: %w: %w", method, url, ErrUnserved, err)
		case slices.Contains(statuses, status):
			return answer, nil
		case status < http.StatusInternalServerError:
			return nil, fmt.Errorf("%s %s answers %d: %.200s", method, url, status, answer)
		case status != http.StatusServiceUnavailable:
			return nil, fmt.Errorf("%s %s answers %d: %w: %.200s", method, url, status, ErrUnserved, answer)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s %s answers %d to the end: %w: %.200s", method, url, status, ErrUnserved, answer)
		case <-time.After(warmPause):
		}
	}
}

// send makes one request.
func send(ctx context.Context, method, url, token string, body []byte) (answer []byte, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(resp.Body)
	return answer, resp.StatusCode, err
}
