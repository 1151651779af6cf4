//go:build services

package report

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"stormwave/lab/internal/test/browsertest"
)

var screenshots = flag.String("screenshots", "", "directory for screenshots of the page")

// shown is the page of a run, as a file that a browser can open.
func shown(t testing.TB, run Run) (link string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(pageOf(t, withCurves(run))), 0o600); err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func browser(t testing.TB) *browsertest.Browser {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return browsertest.Start(t, root)
}

// In a real browser the page asks for nothing but itself, complains about nothing, keeps
// nobody out, and does not get wider than the window, whatever its width and by day and
// night.
func TestPageInABrowser(t *testing.T) {
	b, link := browser(t), shown(t, synthetic(t, 1)) // axe-core is slow on more
	for _, look := range append(browsertest.Looks(), browsertest.Look{Width: 360, Height: 740, NoScript: true}) {
		t.Run(look.String(), func(t *testing.T) {
			tab := b.Open(t, look)
			tab.Go(link)
			if wide := browsertest.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > look.Width {
				t.Errorf("the page is %d pixels wide", wide)
			}
			buttons := browsertest.Eval[int](tab, "document.querySelectorAll('th button').length")
			if look.NoScript != (buttons == 0) {
				t.Errorf("%d buttons to sort by", buttons)
			}
			if n := browsertest.Eval[int](
				tab, "[...document.querySelectorAll('svg.plot')].filter((e) => !e.closest('details:not([open])') && "+
					"e.getBoundingClientRect().width < 300).length",
			); n > 0 {
				t.Errorf("%d plots are too small", n)
			}
			if !look.NoScript {
				browsertest.Eval[int](tab, "[...document.querySelectorAll('details')].slice(0, 5).map((e) => e.open = true).length")
				tab.CheckAccessible()
			}
			for _, r := range tab.Requests() {
				if before, _, _ := strings.Cut(r, "#"); before != link && r != "data:," {
					t.Errorf("the page asks for %s", r)
				}
			}
			if errors := tab.Errors(); len(errors) > 0 {
				t.Errorf("the page complains: %q", errors)
			}
			if *screenshots != "" {
				tab.Screenshot(filepath.Join(*screenshots, "report-"+strings.ReplaceAll(look.String(), " ", "-")+".png"), false)
			}
		})
	}
}

// The card and its plot are seen without scrolling, the table of a scenario fits a page of 1,000 pixels, and a mark of
// the plot leads to the trials that it is of.
func TestFirstScreen(t *testing.T) {
	b, link := browser(t), shown(t, studied(t, nil))
	tab := b.Open(t, browsertest.Look{Width: 1440, Height: 900})
	tab.Go(link)
	const bottom = "document.querySelector('svg.plot').getBoundingClientRect().bottom"
	if end := browsertest.Eval[float64](tab, bottom); end > 900 {
		t.Errorf("the plot ends at pixel %.0f of 900", end)
	}
	if n := browsertest.Eval[int](tab, "document.querySelectorAll('.card dt').length"); n == 0 || n > maxCardLines {
		t.Errorf("the card has %d lines", n)
	}
	tab.Click("svg.plot a[href='#cell-3-1'] path")
	tab.Await("the trials are seen", 10*time.Second, "location.hash === '#cell-3-1'")
	if *screenshots != "" {
		tab.Go(link)
		tab.Screenshot(filepath.Join(*screenshots, "first-screen.png"), false)
	}
	tab = b.Open(t, browsertest.Look{Width: 1000, Height: 800})
	tab.Go(link)
	if n := browsertest.Eval[int](
		tab, "[...document.querySelectorAll('.fits')].filter((e) => e.scrollWidth > e.clientWidth).length",
	); n > 0 {
		t.Errorf("%d tables do not fit 1,000 pixels", n)
	}
	if *screenshots != "" {
		tab.Screenshot(filepath.Join(*screenshots, "thousand.png"), true)
	}
}

// goodputColumnInView are those of the first table that has them, from top to bottom.
const goodputColumnInView = `(() => {
	const isGoodput = (c) => c.textContent === 'Goodput RPS';
	const table = [...document.querySelectorAll('table')]
		.find((t) => t.tHead && [...t.tHead.rows[0].cells].some(isGoodput));
	const column = [...table.tHead.rows[0].cells].findIndex(isGoodput);
	for (let e = table.closest('details'); e; e = e.parentElement.closest('details')) e.open = true;
	table.tHead.rows[0].cells[column].id = 'by-goodput';
	table.tHead.rows[0].cells[0].id = 'by-cell';
	return [...table.tBodies[0].rows].map((r) => r.cells[column].textContent);
})()`

// Tables sort by numbers as numbers, by click and by keyboard, and back again.
func TestPageSorts(t *testing.T) {
	tab := browser(t).Open(t, browsertest.Look{Width: 1440, Height: 900})
	tab.Go(shown(t, studied(t, nil)))
	given := browsertest.Eval[[]string](tab, goodputColumnInView)
	number := func(text string) string { // as wide as each other, so that they sort as text
		text = strings.ReplaceAll(text, ",", "")
		return strings.Repeat("0", 8-len(text)) + text
	}
	up := slices.SortedStableFunc(
		slices.Values(given), func(a, b string) int { return strings.Compare(number(a), number(b)) },
	)
	down := slices.Clone(up)
	slices.Reverse(down)
	if slices.Equal(given, up) || slices.Equal(given, down) || len(given) < 5 {
		t.Fatalf("the table is sorted already: %q", given)
	}
	sorted := func(how, want string, order []string) {
		t.Helper()
		if got := browsertest.Eval[[]string](tab, goodputColumnInView); !slices.Equal(got, order) {
			t.Errorf("%s: %q; want %q", how, got, order)
		}
		if got := browsertest.Eval[string](
			tab, "document.getElementById('by-goodput').getAttribute('aria-sort')",
		); got != want {
			t.Errorf("%s: aria-sort is %q; want %q", how, got, want)
		}
	}
	tab.Click("#by-goodput button")
	sorted("a click", "ascending", up)
	tab.Click("#by-goodput button")
	sorted("a second click", "descending", down)
	browsertest.Eval[bool](tab, "document.querySelector('#by-goodput button').focus(), true")
	tab.Press(kb.Enter)
	sorted("the third time, by keyboard", "none", given)
	tab.Press(kb.Enter)
	sorted("and again", "ascending", up)
	tab.Click("#by-cell button")
	if got := browsertest.Eval[string](
		tab, "document.getElementById('by-goodput').getAttribute('aria-sort')",
	); got != "none" {
		t.Errorf("sorted by another column the first one is still %q", got)
	}
}

// What is in a cell is compared by the number it begins with; words follow numbers, and
// what is missing is last in both directions.
func TestPageComparesWhatIsInCells(t *testing.T) {
	tab := browser(t).Open(t, browsertest.Look{Width: 1440, Height: 900})
	path := filepath.Join(t.TempDir(), "table.html")
	in := []string{
		"1,234", "–", "12.3%", "1.376 [1.174, 1.628] better", "none up to 500", "<0.01", "-12.7, n too small", "+0.52", "",
		"(412)", "0", "cap",
	}
	rows := ""
	for _, text := range in {
		rows += "<tr><th scope=row>x<td>" + strings.ReplaceAll(text, "<", "&lt;")
	}
	text := "<!DOCTYPE html><title>t</title><table><thead><tr><th>a<th id=by>b<tbody>" + rows + "</table><script>" +
		pageScript + "</script>"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Go((&url.URL{Scheme: "file", Path: path}).String())
	const cells = "[...document.querySelectorAll('td')].map((c) => c.textContent)"
	tab.Click("#by button")
	up := []string{
		"-12.7, n too small", "0", "<0.01", "+0.52", "1.376 [1.174, 1.628] better", "12.3%", "(412)", "1,234", "cap",
		"none up to 500", "–", "",
	}
	if got := browsertest.Eval[[]string](tab, cells); !slices.Equal(got, up) {
		t.Errorf("ascending: %q; want %q", got, up)
	}
	tab.Click("#by button")
	down := []string{
		"1,234", "(412)", "12.3%", "1.376 [1.174, 1.628] better", "+0.52", "<0.01", "0", "-12.7, n too small",
		"none up to 500", "cap", "–", "",
	}
	if got := browsertest.Eval[[]string](tab, cells); !slices.Equal(got, down) {
		t.Errorf("descending: %q; want %q", got, down)
	}
}

// A number leads to the trials that it is of, and one of these to its record, which
// unfolds.
func TestPageLinksInABrowser(t *testing.T) {
	tab := browser(t).Open(t, browsertest.Look{Width: 360, Height: 740})
	tab.Go(shown(t, studied(t, nil)))
	inView := func(id string) string {
		return "location.hash === '#" + id +
			"' && (({top, height}) => top >= -1 && top < innerHeight && height > 0)(document.getElementById('" + id +
			"').getBoundingClientRect())"
	}
	tab.Click("td a[href='#cell-3-1']")
	tab.Await("the trials are seen", 10*time.Second, inView("cell-3-1"))
	record := browsertest.Eval[string](
		tab, "document.querySelector('#cell-3-1 ~ .t tbody a').getAttribute('href').slice(1)",
	)
	if browsertest.Eval[bool](tab, "document.getElementById('"+record+"').open") {
		t.Errorf("%s is unfolded before anybody asked for it", record)
	}
	tab.Click("#cell-3-1 ~ .t td a[href='#" + record + "']")
	tab.Await("the record is seen", 10*time.Second, inView(record)+" && document.getElementById('"+record+"').open")
	text := browsertest.Eval[string](tab, "document.querySelector('#"+record+" pre').textContent")
	if browsertest.Eval[int](
		tab, "JSON.parse(document.querySelector('#"+record+" pre').textContent).n",
	) < 1 || !strings.Contains(text, `"goodput_rps"`) {
		t.Errorf("the record is %.200q", text)
	}
}

// BenchmarkFirstPaint opens the page of 100 cells. 1 s is allowed until the first of it is seen.
func BenchmarkFirstPaint(b *testing.B) {
	tab := browser(b).Open(b, browsertest.Look{Width: 1440, Height: 900})
	link := shown(b, hundred(b))
	var latest time.Duration
	for b.Loop() {
		tab.Go(link)
		ms := browsertest.Eval[float64](tab, `new Promise(done => {
			const first = (list) => done(list.getEntries()[0].startTime);
			new PerformanceObserver(first).observe({type: "paint", buffered: true});
		})`)
		latest = max(latest, time.Duration(ms*float64(time.Millisecond)))
	}
	b.ReportMetric(latest.Seconds()*1000, "first-paint-ms")
	if latest > time.Second {
		b.Errorf("%s; 1s is allowed", latest)
	}
}
