package page

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
)

// readByPost are the paths of Prometheus that a POST only reads: a query may be longer than a URL.
// https://prometheus.io/docs/prometheus/latest/querying/api/
var readByPost = []string{
	"/api/v1/query", "/api/v1/query_range", "/api/v1/query_exemplars", "/api/v1/format_query", "/api/v1/parse_query",
	"/api/v1/series", "/api/v1/labels",
}

// NewDoor returns what people and programs of this machine read Prometheus through. It is served at addr and, like the
// page, asks for no password, answers to no other name and to no other site. Nothing can be written, deleted or set by
// it. prometheus is the URL behind it, with the password.
func NewDoor(addr, prometheus string) (http.Handler, error) {
	target, err := url.Parse(prometheus)
	if err != nil {
		return nil, fmt.Errorf("open a door to Prometheus: %w", err)
	}
	password, _ := target.User.Password()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, target.Host
		r.Out.SetBasicAuth(target.User.Username(), password)
	}}
	return onlyLocal(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead ||
			r.Method == http.MethodPost && slices.Contains(readByPost, r.URL.EscapedPath())
		if !reads {
			http.Error(w, "Prometheus is only read here", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	})), nil
}
