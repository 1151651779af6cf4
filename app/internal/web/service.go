// Package web serves the backend's HTTP API.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"stormwave/app/contract"
	"stormwave/app/internal/config"
	"stormwave/app/internal/store"
	"stormwave/app/internal/telemetry"
)

// service is what the handlers share.
type service struct {
	cfg     contract.Settings
	store   *store.Store
	metrics *telemetry.Metrics
	log     *slog.Logger
}

// NewHandler returns the whole API. Health, readiness, metrics and configuration
// stand outside admission and outside the request metrics, so that these count
// the load and nothing else.
func NewHandler(cfg contract.Settings, st *store.Store, metrics *telemetry.Metrics, log *slog.Logger) http.Handler {
	s := &service{cfg: cfg, store: st, metrics: metrics, log: log}
	mux := http.NewServeMux()

	admission := newAdmission(cfg, metrics.Admission())
	api := func(pattern, method string, h handler, statuses ...int) {
		statuses = append(
			statuses, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInternalServerError,
			telemetry.StatusClientGone,
		)
		mux.Handle(pattern, &route{
			method:    method,
			handle:    h,
			meter:     metrics.Route(pattern, method, statuses...),
			admission: admission,
			budget:    cfg.HTTPTimeout,
			log:       log,
		})
	}
	const (
		ok, created       = http.StatusOK, http.StatusCreated
		bad, unauthorized = http.StatusBadRequest, http.StatusUnauthorized
	)
	api(contract.RouteUsers, http.MethodPost, s.createUser, created, bad, http.StatusConflict)
	api(contract.RouteSessions, http.MethodPost, s.createSession, created, bad, unauthorized)
	api(contract.RouteFeed, http.MethodGet, s.feed, ok, bad, unauthorized)
	api(contract.RoutePost, http.MethodGet, s.readPost, ok, bad, unauthorized, http.StatusNotFound)
	api(contract.RoutePosts, http.MethodPost, s.createPost, created, bad, unauthorized)
	if cfg.SlowRoute == contract.On {
		api(contract.RouteSlow, http.MethodGet, s.slow, ok, bad, unauthorized)
	}

	get := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				w.Header().Set("Allow", http.MethodGet)
				errMethod.write(w)
				return
			}
			h(w, r)
		})
	}
	get(contract.RouteHealth, s.health)
	get(contract.RouteReady, s.ready)
	get(contract.RouteMetrics, metrics.Handler().ServeHTTP)
	get(contract.RouteConfig, s.config)

	other := metrics.Route(contract.RouteOther, http.MethodGet, http.StatusNotFound)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		other.Begin()
		errNotFound.write(w)
		other.End(r.Method, http.StatusNotFound, time.Since(start))
	})
	return mux
}

// slack is how long beyond the request's budget the server still writes: the
// budget answers, WriteTimeout only hangs up.
const slack = 90 * time.Second

// NewServer returns a server that bounds every wait for a client.
func NewServer(cfg contract.Settings, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      cfg.HTTPTimeout + slack,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// opsTimeout bounds what readiness and configuration ask of the database.
const opsTimeout = 2 * time.Second

func (s *service) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
}

func (s *service) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), opsTimeout)
	defer cancel()
	if err := s.store.Ready(ctx); err != nil {
		s.log.Warn("not ready", "error", err)
		errDatabaseState.write(w)
		return
	}
	writeJSON(w, http.StatusOK, []byte(`{"status":"ready"}`))
}

// config shows what is set and, from a live session of each pool, what holds.
func (s *service) config(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), opsTimeout)
	defer cancel()
	states, err := s.store.States(ctx)
	if err != nil {
		s.log.Warn("read pool states", "error", err)
		errDatabaseState.write(w)
		return
	}
	status, body, err := appendJSON(http.StatusOK, nil, contract.Config{Settings: config.Effective(s.cfg), Pools: states})
	if err != nil {
		s.log.Error("encode configuration", "error", err)
		errInternal.write(w)
		return
	}
	writeJSON(w, status, body)
}
