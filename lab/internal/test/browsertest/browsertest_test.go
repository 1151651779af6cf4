//go:build services

package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// root is the checkout.
func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// What a test would miss if the helper saw nothing: a page that does all that is wrong.
func TestTheHelperSeesWhatIsWrong(t *testing.T) {
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><html><title>wrong</title><link rel="icon" href="data:,"><body>
<img src="%s/picture.png"><img src="/none.png" alt="none"><p style="color: #ccc; background: #fff">pale</p><button id="b">press</button>
<script>document.querySelector('#b').addEventListener('click', () => { document.title = 'pressed'; });
console.error('said', 7); null.nothing;</script>`, elsewhere.URL)
	}))
	defer server.Close()
	b := Start(t, root(t))
	tab := b.Open(t, Look{Width: 360, Height: 740, Dark: true})
	tab.Go(server.URL)
	if got := Eval[[]int](
		tab, "[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches ? 1 : 0]",
	); !slices.Equal(got, []int{360, 1}) {
		t.Errorf("width and darkness = %v; want 360, 1", got)
	}
	tab.Await("the picture was asked for", 10*time.Second, "document.images[0].complete")
	deadline := time.Now().Add(10 * time.Second)
	for len(tab.Errors()) < 4 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	all := strings.Join(tab.Errors(), "\n")
	for _, want := range []string{"said", "TypeError", "/none.png answers 404", "cannot be loaded"} {
		if !strings.Contains(all, want) {
			t.Errorf("the errors hold no %q:\n%s", want, all)
		}
	}
	if !slices.Contains(tab.Requests(), elsewhere.URL+"/picture.png") {
		t.Errorf("requests = %v; want that for the picture", tab.Requests())
	}
	var rules []string
	for _, v := range tab.Axe() {
		rules = append(rules, v.ID)
	}
	for _, want := range []string{"html-has-lang", "image-alt", "color-contrast"} {
		if !slices.Contains(rules, want) {
			t.Errorf("axe-core finds %v; want %s among it", rules, want)
		}
	}
	tab.Press(kb.Tab)
	tab.Press(kb.Enter)
	tab.Await("the button was pressed by key", 5*time.Second, "document.title === 'pressed'")
	picture := filepath.Join(t.TempDir(), "shots", "a.png")
	tab.Screenshot(picture, true)
	if text, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(text), "\x89PNG") {
		t.Errorf("the screenshot begins %.8q, %v; want a PNG", text, err)
	}

	still := b.Open(t, Look{Width: 1440, Height: 900, NoScript: true})
	still.Go(server.URL)
	still.Click("#b")
	if got := Eval[string](still, "document.title"); got != "wrong" ||
		strings.Contains(strings.Join(still.Errors(), " "), "TypeError") {
		t.Errorf("without script the title is %q, errors %v; want it as it was", got, still.Errors())
	}
}
