package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"stormwave/app/contract"
	"stormwave/app/internal/telemetry"
)

// What a handler did not foresee is one 500, counted and logged, with nothing of
// it shown to the client; and the backend goes on.
func TestUnforeseenFailureAnswers500(t *testing.T) {
	tests := map[string]handler{
		"panic": func(context.Context, *http.Request, []byte) (int, []byte, error) { panic("secret detail") },
		"error": func(context.Context, *http.Request, []byte) (int, []byte, error) {
			return 0, nil, errors.New("secret detail")
		},
	}
	for name, h := range tests {
		t.Run(name, func(t *testing.T) {
			metrics := telemetry.New()
			var log bytes.Buffer
			rt := &route{
				method:    http.MethodGet,
				handle:    h,
				meter:     metrics.Route("/x", http.MethodGet),
				admission: newAdmission(contract.Settings{MaxInflight: 1}, telemetry.New().Admission()),
				log:       slog.New(slog.NewTextHandler(&log, nil)),
			}
			for range 2 { // the second one finds the slot of the first free again
				w := httptest.NewRecorder()
				rt.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
				if want := `{"error":{"code":"internal","message":"something went wrong here"}}`; w.Code != 500 ||
					w.Body.String() != want {
					t.Errorf("got %d %s, want 500 %s", w.Code, w.Body, want)
				}
			}
			if n := strings.Count(log.String(), "secret detail"); n < 2 {
				t.Errorf("the log does not tell what happened:\n%s", &log)
			}
			want := "# HELP " + contract.MetricRequests + " Requests answered, by exact status; 499: the client went away.\n" +
				"# TYPE " + contract.MetricRequests + " counter\n" +
				contract.MetricRequests + `{code="500",method="GET",route="/x"} 2` + "\n"
			if err := testutil.GatherAndCompare(
				metrics.Registry(), strings.NewReader(want), contract.MetricRequests,
			); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"":              `""`,
		"plain text":    `"plain text"`,
		`say "hi"`:      `"say \"hi\""`,
		`back\slash`:    `"back\\slash"`,
		"line\nand tab": `"line\nand tab"`,
		"ünï":           `"ünï"`,
		"bad \xff byte": `"bad \ufffd byte"`,
	} {
		if got := string(appendString([]byte("x"), in)); got != "x"+want {
			t.Errorf("appendString(%q) = %s, want x%s", in, got, want)
		}
	}
}
