package web

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"stormwave/app/contract"
)

// A wait that nothing bounds is a way to hold a connection for ever.
func TestServerBoundsEveryWait(t *testing.T) {
	for _, cfg := range []contract.Settings{{}, {HTTPTimeout: 2 * time.Second}} {
		s := NewServer(cfg, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
		for name, bound := range map[string]struct{ got, most time.Duration }{
			"ReadHeaderTimeout": {s.ReadHeaderTimeout, 5 * time.Second},
			"ReadTimeout":       {s.ReadTimeout, 10 * time.Second},
			"WriteTimeout":      {s.WriteTimeout - cfg.HTTPTimeout, 2 * time.Minute},
			"IdleTimeout":       {s.IdleTimeout, 2 * time.Minute},
		} {
			if bound.got <= 0 || bound.got > bound.most {
				t.Errorf("%s is %v, want above 0 and at most %v", name, bound.got, bound.most)
			}
		}
		if s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
			t.Errorf("MaxHeaderBytes is %d", s.MaxHeaderBytes)
		}
		if s.WriteTimeout <= cfg.HTTPTimeout {
			t.Errorf("the server hangs up after %v, before the budget of %v is spent", s.WriteTimeout, cfg.HTTPTimeout)
		}
	}
}
