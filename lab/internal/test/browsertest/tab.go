//go:build services

package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// webpQuality keeps text readable, in percent.
const webpQuality = 70

// Look is how a tab shows its page.
type Look struct {
	Width, Height int64 // CSS pixels
	Dark          bool  // what the reader prefers
	NoScript      bool  // scripts of the page do not run
}

// String names the look: "360 light".
func (l Look) String() string {
	name := fmt.Sprintf("%d", l.Width)
	if l.Dark {
		name += " dark"
	} else {
		name += " light"
	}
	if l.NoScript {
		name += " without script"
	}
	return name
}

// Looks are those that every page has to have: a telephone, a window beside another, and a screen, by day and by
// night.
func Looks() (looks []Look) {
	for _, size := range [][2]int64{{360, 740}, {1000, 800}, {1440, 900}} {
		looks = append(looks,
			Look{Width: size[0], Height: size[1]}, Look{Width: size[0], Height: size[1], Dark: true})
	}
	return looks
}

// Tab is a page in the browser.
type Tab struct {
	t   testing.TB
	ctx context.Context
	axe string

	mu       sync.Mutex
	errors   []string
	requests []string
}

// Open opens a tab, which ends with its test.
func (b *Browser) Open(t testing.TB, look Look) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx, axe: b.axe}
	scheme := "light"
	if look.Dark {
		scheme = "dark"
	}
	tab.must("open a tab", chromedp.Do(ctx))
	tab.must("listen to the tab", chromedp.Listen(ctx, tab.note))
	tab.do("prepare the tab",
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
			if _, err := cdp.Call(
				ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features},
			); err != nil {
				return err
			}
			_, err := cdp.Call(
				ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScript},
			)
			return err
		}),
		chromedp.EmulateViewport(look.Width, look.Height),
	)
	return tab
}

// note keeps what the page complains about and asks for.
func (tab *Tab) note(ev any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		tab.requests = append(tab.requests, ev.Request.URL)
	case *network.EventResponseReceived:
		if ev.Response.Status >= 400 {
			tab.errors = append(tab.errors, fmt.Sprintf("%s answers %d", ev.Response.URL, ev.Response.Status))
		}
	case *network.EventLoadingFailed:
		if !ev.Canceled {
			tab.errors = append(tab.errors, fmt.Sprintf("a %s cannot be loaded: %s %s", ev.Type, ev.ErrorText, ev.BlockedReason))
		}
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning ||
			ev.Type == runtime.ConsoleAPICalledTypeAssert {
			text := fmt.Sprintf("console.%s", ev.Type)
			for _, arg := range ev.Args {
				if text += " " + string(arg.Value); len(arg.Value) == 0 {
					text += arg.Description
				}
			}
			tab.errors = append(tab.errors, text)
		}
	case *runtime.EventExceptionThrown:
		text := ev.ExceptionDetails.Text
		if e := ev.ExceptionDetails.Exception; e != nil {
			text += " " + e.Description
		}
		tab.errors = append(tab.errors, text)
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Level == log.EntryLevelWarning {
			tab.errors = append(tab.errors, fmt.Sprintf("%s: %s (%s)", ev.Entry.Source, ev.Entry.Text, ev.Entry.URL))
		}
	}
}

// Errors are what the page has complained about: exceptions, and errors and warnings of
// the console and of the browser, such as what the content security policy refused.
func (tab *Tab) Errors() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.errors)
}

// Requests are the URLs that the page has asked for, data: aside.
func (tab *Tab) Requests() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(tab.requests), func(link string) bool {
		u, err := url.Parse(link)
		return err == nil && u.Scheme == "data"
	})
}

// CheckQuiet fails the test if the page has complained, or asked anybody but its own
// origin ("http://127.0.0.1:1234", "file://").
func (tab *Tab) CheckQuiet(origin string) {
	tab.t.Helper()
	for _, text := range tab.Errors() {
		tab.t.Errorf("the page complains: %s", text)
	}
	asked := tab.Requests()
	if len(asked) == 0 {
		tab.t.Error("no request was seen, not even for the page")
	}
	for _, link := range asked {
		u, err := url.Parse(link)
		if err != nil || u.Scheme+"://"+u.Host != origin {
			tab.t.Errorf("the page asks %s, which is not of %s", link, origin)
		}
	}
}

// Go shows a page, and returns when it is loaded.
func (tab *Tab) Go(link string) {
	tab.t.Helper()
	tab.do("show "+link, chromedp.Navigate(link))
}

// Click clicks on the first element that the CSS selector names.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.do("click on "+selector, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// Press presses keys, one after the other (kb.Tab, kb.Enter).
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	tab.do("press a key", chromedp.KeyEvent(keys))
}

// Await waits until the expression is true.
func (tab *Tab) Await(what string, limit time.Duration, expression string) {
	tab.t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !Eval[bool](tab, expression) {
		if time.Now().After(deadline) {
			tab.t.Fatalf(
				"not within %s: %s\n%s\nthe page: %s", limit, what, expression,
				Eval[string](tab, "document.body.innerText.slice(0, 1500)"),
			)
		}
		<-tick.C
	}
}

// Eval returns the value of an expression; of a promise, what it comes to.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	return evalWithin[T](tab, stepTimeout, expression)
}

func evalWithin[T any](tab *Tab, limit time.Duration, expression string) T {
	tab.t.Helper()
	var value T
	err := within(tab.ctx, limit, func(ctx context.Context) (err error) {
		value, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
		return err
	})
	tab.must("evaluate "+expression, err)
	return value
}

// Screenshot writes a picture of what is seen, or of the whole page, to a file: PNG, or
// WebP, which is smaller, as its name says.
func (tab *Tab) Screenshot(path string, whole bool) {
	tab.t.Helper()
	params := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &whole}
	if filepath.Ext(path) == ".webp" {
		params.Format, params.Quality = page.CaptureScreenshotFormatWebp, new(int64(webpQuality))
	}
	var picture []byte
	err := within(tab.ctx, stepTimeout, func(ctx context.Context) error {
		return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			shot, err := cdp.Call(ctx, target, page.CaptureScreenshot, params)
			picture = shot.Data
			return err
		}))
	})
	tab.must("take a screenshot", err)
	tab.must("keep a screenshot", os.MkdirAll(filepath.Dir(path), 0o755))
	tab.must("keep a screenshot", os.WriteFile(path, picture, 0o644))
}

func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	tab.must(what, within(tab.ctx, stepTimeout, func(ctx context.Context) error { return chromedp.Do(ctx, steps...) }))
}

func (tab *Tab) must(what string, err error) {
	tab.t.Helper()
	if err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
