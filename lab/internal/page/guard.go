package page

import (
	"net"
	"net/http"
	"net/url"
	"slices"
)

// policy lets the page load its own script and style, and nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard lets only this machine's own reader in. The page has no password: what keeps
// others out is that it is served on the loopback, that it answers to no other name (a
// foreign one that resolves to 127.0.0.1 is DNS rebinding), and that no other site's
// page may ask for it.
func guard(addr string, next http.Handler) http.Handler {
	local := onlyLocal(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is only read", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		local.ServeHTTP(w, r)
	})
}

// onlyLocal answers to the names of this machine alone, and to no other site.
func onlyLocal(addr string, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(addr)
	var hosts []string
	for _, name := range []string{"127.0.0.1", "localhost", "::1"} {
		hosts = append(hosts, net.JoinHostPort(name, port))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !slices.Contains(hosts, r.Host):
			http.Error(w, "this page is served to 127.0.0.1 alone", http.StatusForbidden)
		case !ours(r, hosts):
			http.Error(w, "another site may not ask for this page", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ours says whether the request comes from this page, from the address bar, or from a
// program that is no browser.
func ours(r *http.Request, hosts []string) bool {
	for _, origin := range r.Header.Values("Origin") {
		from, err := url.Parse(origin)
		if err != nil || from.Scheme != "http" || !slices.Contains(hosts, from.Host) {
			return false
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	case "same-site":
		// A link on another server of this machine, such as Grafana, may be followed: the
		// browser then shows the page, and the other server cannot read it.
		return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	}
	return false
}
