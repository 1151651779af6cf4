//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"stormwave/lab/internal/test/browsertest"
)

// screenshots is where pictures of the pages are kept; empty: nowhere.
var screenshots = flag.String("screenshots", "", "keep pictures of the pages in this directory")

// picture takes a picture of what a tab shows, and keeps it where that was asked for.
func picture(t *testing.T, tab *browsertest.Tab, page string, look browsertest.Look) {
	t.Helper()
	dir := *screenshots
	if dir == "" {
		dir = t.TempDir()
	}
	scheme := "light"
	if look.Dark {
		scheme = "dark"
	}
	tab.Screenshot(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.webp", page, look.Width, scheme)), false)
}

// beginMatrix starts the tiny matrix; it ends with the test.
func (c *checkout) beginMatrix() *exec.Cmd {
	c.t.Helper()
	cmd := c.command("run", "lab/matrices/e2e.yaml")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	must(c.t, cmd.Start())
	c.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	return cmd
}

const (
	rows    = `[...document.querySelectorAll('#trials tbody tr:not(.empty)')]`
	onePath = `[...document.querySelectorAll('#chart-rps path')].map((path) => path.getAttribute('d')).join()`
	inOrder = `(() => { const v = ` + rows +
		`.map((row) => row.cells[%d].dataset.v).filter(Boolean).map(Number); return v.every((x, i) => i === 0 || %s); })()`
	awhile   = 2 * time.Minute
	atOnce   = 10 * time.Second
	aSecond  = time.Second
	requests = 5 // the table's columns
	p99      = 8
)

func descending(column int) string { return fmt.Sprintf(inOrder, column, "v[i - 1] >= x") }
func ascending(column int) string  { return fmt.Sprintf(inOrder, column, "v[i - 1] <= x") }

func sortedAs(column int, how string) string {
	return fmt.Sprintf(
		`document.querySelector('#trials thead').rows[0].cells[%d].getAttribute('aria-sort') === '%s'`, column, how,
	)
}

// The page as a person uses it who looks on while a real matrix is run.
func TestTheLivePageDuringAMatrix(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	up := c.lab("up")
	page := *c.status().URLs["page"]
	if !strings.Contains(up, page) || !strings.Contains(c.lab("status"), page) {
		t.Errorf("neither up nor status may miss the page's URL %s:\n%s", page, up)
	}
	browser := browsertest.Start(t, source)
	look := browsertest.Look{Width: 1440, Height: 900}
	tab := browser.Open(t, look)
	tab.Go(page)
	tab.Await("the page says that there was no run", atOnce, `document.body.innerText.includes('No run yet')`)
	matrix := c.beginMatrix()

	tab.Await(
		"the page shows the run", awhile,
		`document.body.innerText.includes('-e2e') && document.body.innerText.includes('0 of 6')`,
	)
	tab.Await(
		"the first trial is under load", awhile,
		`document.body.innerText.includes('under load') && document.querySelector('#chart-rps path.s1') !== null`,
	)
	before, asked, began := browsertest.Eval[string](tab, onePath), len(tab.Requests()), time.Now()
	tab.Await("the curve of the requests moves", 15*time.Second, onePath+` !== `+fmt.Sprintf("%q", before))
	for time.Since(began) < 5*aSecond {
		time.Sleep(100 * time.Millisecond)
	}
	if n := float64(len(tab.Requests()) - asked); n > time.Since(began).Seconds()+1 || n < 2 {
		t.Errorf("in %s the page has asked %.0f times; want once a second", time.Since(began), n)
	}

	tab.Await("two trials are in the table", awhile, rows+`.length >= 2`)
	if !browsertest.Eval[bool](tab, rows+`[0].cells[0].textContent > `+rows+`[1].cells[0].textContent`) {
		t.Error("the newest trial is not the first")
	}
	head := func(column int) string { return fmt.Sprintf("#trials thead th:nth-child(%d) button", column+1) }
	tab.Click(head(requests))
	tab.Await(
		"a click sorts from the most requests on", atOnce, sortedAs(requests, "descending")+" && "+descending(requests),
	)
	tab.Click(head(requests))
	tab.Await("another one turns that round", atOnce, sortedAs(requests, "ascending")+" && "+ascending(requests))

	for presses := 0; !browsertest.Eval[bool](
		tab, fmt.Sprintf(`document.activeElement === document.querySelector('%s')`, head(p99)),
	); presses++ {
		if presses > 40 {
			t.Fatal("the Tab key does not reach the column of p99")
		}
		tab.Press(kb.Tab)
	}
	tab.Press(kb.Enter)
	tab.Await("the Enter key sorts", atOnce, sortedAs(p99, "descending")+" && "+descending(p99))
	have := browsertest.Eval[int](tab, rows+`.length`)
	tab.Await("one more trial is in the table", awhile, rows+fmt.Sprintf(`.length > %d`, have))
	if !browsertest.Eval[bool](tab, sortedAs(p99, "descending")+" && "+descending(p99)) {
		t.Error("with another trial the table is no longer sorted")
	}
	if !browsertest.Eval[bool](tab, fmt.Sprintf(`document.activeElement === document.querySelector('%s')`, head(p99))) {
		t.Error("with another trial the focus is lost")
	}
	tab.Await(
		"it is said that a trial is finished", atOnce,
		`/^Trial \d+ is finished: (valid|failed|suspect|invalid)$/.test(document.querySelector('#said').textContent)`,
	)
	tab.CheckQuiet(page)

	for _, look := range browsertest.Looks() {
		t.Run(look.String(), func(t *testing.T) {
			tab := browser.Open(t, look)
			tab.Go(page)
			tab.Await("the page shows the trials", atOnce, rows+`.length >= 3`)
			if wide := browsertest.Eval[int64](tab, `document.documentElement.scrollWidth`); wide > look.Width {
				t.Errorf("the page is %d px wide; want at most %d, and tables that scroll for themselves", wide, look.Width)
			}
			dark := browsertest.Eval[bool](
				tab, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((v) => v < 64)`,
			)
			if dark != look.Dark {
				t.Errorf("the ground is dark: %t; want %t", dark, look.Dark)
			}
			tab.CheckAccessible()
			picture(t, tab, "page", look)
			tab.CheckQuiet(page)
		})
	}
	t.Run("without script", func(t *testing.T) { readWithoutScript(t, browser, page) })
	t.Run("after the lab went down", func(t *testing.T) {
		must(t, matrix.Process.Signal(syscall.SIGINT))
		eventually(t, "the run has ended", time.Minute, func() bool { return c.status().Run == nil })
		c.lab("down")
		tab.Await(
			"the page says that it is from before", atOnce,
			`document.querySelector('#lost').textContent.includes('does not answer since')`,
		)
	})
}

// Without script the page shows the same, nothing that does not work, and loads anew.
func readWithoutScript(t *testing.T, browser *browsertest.Browser, page string) {
	tab := browser.Open(t, browsertest.Look{Width: 360, Height: 740, NoScript: true})
	tab.Go(page)
	if n := browsertest.Eval[int](tab, rows+`.length`); n < 3 {
		t.Errorf("without script the table has %d trials; want at least 3", n)
	}
	if n := browsertest.Eval[int](tab, `document.querySelectorAll('button').length`); n != 0 {
		t.Errorf("without script there are %d buttons, which do nothing", n)
	}
	if n := browsertest.Eval[int](tab, `document.querySelectorAll('#chart-rps path').length`); n == 0 {
		t.Error("without script there is no curve")
	}
	loaded := browsertest.Eval[string](tab, `String(performance.timeOrigin)`)
	tab.Await("the page loads anew", 15*time.Second, fmt.Sprintf(`String(performance.timeOrigin) !== '%s'`, loaded))
	tab.CheckQuiet(page)
}

// The supervisor's own page refuses whom the unit tests of the page refuse, over the wire.
func TestThePageRefusesForeignHostsAndSites(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	page := *c.status().URLs["page"]
	client := &http.Client{Timeout: atOnce}
	for _, r := range []struct {
		name, host, header, value string
		want                      int
	}{
		{"a reader of this machine", "", "", "", 200},
		{"a rebound name", "evil.example", "", "", 403},
		{"a foreign origin", "", "Origin", "http://evil.example", 403},
		{"another site", "", "Sec-Fetch-Site", "cross-site", 403},
	} {
		req, err := http.NewRequest(http.MethodGet, page+"/live", nil)
		must(t, err)
		if r.host != "" {
			req.Host = r.host
		}
		if r.header != "" {
			req.Header.Set(r.header, r.value)
		}
		resp, err := client.Do(req)
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != r.want {
			t.Errorf("%s is answered %d; want %d", r.name, resp.StatusCode, r.want)
		}
	}
	if !strings.HasPrefix(page, "http://127.0.0.1:") {
		t.Errorf("the page is at %s; want it on the loopback alone", page)
	}
}
