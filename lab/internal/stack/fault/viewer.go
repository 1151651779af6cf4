package fault

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// View reads the live page at url as so many browsers do that show it: once a second
// what changes. It ends with ctx, or when the page does not answer.
func View(ctx context.Context, url string, viewers int) error {
	group, ctx := errgroup.WithContext(ctx)
	for range viewers {
		group.Go(func() error { return view(ctx, url) })
	}
	if err := group.Wait(); ctx.Err() == nil || err != nil {
		return err
	}
	return nil
}

func view(ctx context.Context, url string) error {
	client := &http.Client{Timeout: 10 * time.Second}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for path := "/"; ; path = "/live" {
		if err := read(ctx, client, url+path); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func read(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("read the page: %s answers %s", url, resp.Status)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	return nil
}
