package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"stormwave/app/internal/store"
	"stormwave/app/internal/telemetry"
)

// handler answers one API request. It appends a JSON body to buf and returns it
// with its status, or an error. ctx ends with the request's budget.
type handler func(ctx context.Context, r *http.Request, buf []byte) (status int, body []byte, err error)

// route is everything around a handler: metrics, admission, budget, limits, and
// turning its error into an answer.
type route struct {
	method    string
	handle    handler
	meter     *telemetry.Route
	admission *admission
	budget    time.Duration // 0: none
	log       *slog.Logger
}

// buffers hold answers while they are made; a page of posts is about 15 kB.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rt.meter.Begin()
	status := http.StatusInternalServerError
	defer func() {
		if v := recover(); v != nil {
			rt.log.Error("handler panicked", "route", r.Pattern, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			errInternal.write(w)
		}
		rt.meter.End(r.Method, status, time.Since(start))
	}()

	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	st, body, err := rt.answer(w, r, (*buf)[:0])
	if err != nil {
		p := problemOf(err)
		if p == errInternal {
			rt.log.Error("request failed", "route", r.Pattern, "error", err)
		}
		status = p.status
		p.write(w)
		return
	}
	*buf = body
	status = st
	writeJSON(w, status, body)
}

func (rt *route) answer(w http.ResponseWriter, r *http.Request, buf []byte) (int, []byte, error) {
	if r.Method != rt.method {
		w.Header().Set("Allow", rt.method)
		return 0, nil, errMethod
	}
	ctx := r.Context()
	if rt.budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, rt.budget, store.ErrBudget)
		defer cancel()
	}
	if r.Body != http.NoBody {
		if err := receive(w, r); err != nil {
			return 0, nil, err
		}
		if errors.Is(context.Cause(ctx), store.ErrBudget) {
			return 0, nil, errSlowRequest // the database was not even asked
		}
	}
	if err := rt.admission.enter(ctx); err != nil {
		return 0, nil, err
	}
	defer rt.admission.leave()
	return rt.handle(ctx, r, buf)
}

// writeJSON ignores the error of Write: the client is gone, and net/http knows.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

var jsonType = []string{"application/json; charset=utf-8"}
