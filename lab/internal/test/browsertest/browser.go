//go:build services

// Package browsertest shows pages in a real Chromium, for tests alone: it collects what
// they complain about and what they ask for, and lets axe-core look at them.
package browsertest

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"stormwave/lab/internal/stack/toolchain"
)

const (
	startTimeout = time.Minute
	stepTimeout  = 20 * time.Second
)

// Browser is a Chromium that ends with its test.
type Browser struct {
	ctx context.Context
	axe string // the text of axe-core's script
}

// Start starts the Chromium that the set-up of the checkout at root has found.
func Start(t testing.TB, root string) *Browser {
	t.Helper()
	set, _ := toolchain.Find(t.Context(), root, nil)
	path := set.Path("chromium")
	if path == "" {
		t.Fatal("there is no chromium; get it: bin/lab setup --tests (go tool mage test does it)")
	}
	script, err := toolchain.Axe(root)
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		// A test's browser talks to the page and to nobody else.
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	// Not the test's own context: that ends before the clean-up, which waits for Chromium.
	allocated, end := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(func() {
		cancel()
		end() // returns when the process has ended
	})
	if err := within(ctx, startTimeout, func(context.Context) error { return chromedp.Do(ctx) }); err != nil {
		t.Fatalf("start chromium at %s: %v", path, err)
	}
	return &Browser{ctx: ctx, axe: read(t, script)}
}

// within bounds a call that takes the browser's own context, which must not end.
func within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
