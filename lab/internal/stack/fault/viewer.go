package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"
)

// View reads the live page at that URL as so many browsers do that show it: once a
// second what has changed. It ends with ctx, or when the page does not answer.
func View(ctx context.Context, page string, viewers int) error {
	group, ctx := errgroup.WithContext(ctx)
	for range viewers {
		group.Go(func() error { return view(ctx, page) })
	}
	return group.Wait()
}

func view(ctx context.Context, page string) error {
	client := &http.Client{Timeout: 10 * time.Second}
	if _, err := read(ctx, client, page+"/"); err != nil {
		return unless(ctx, err)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for have := ""; ; {
		text, err := read(ctx, client, page+"/live?have="+url.QueryEscape(have))
		if err != nil {
			return unless(ctx, err)
		}
		// What the page has is given back, for only the rest to be sent.
		var answer struct{ Have string }
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("read the page: %w", err)
		}
		have = answer.Have
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// unless is the error, unless it comes from the end of ctx.
func unless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func read(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the page: %s answers %s", address, resp.Status)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return text, nil
}
