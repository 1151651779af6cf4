package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"stormwave/app/internal/config"
	"stormwave/app/internal/store"
	"stormwave/app/internal/telemetry"
	"stormwave/app/internal/web"
)

const (
	drainTimeout = 5 * time.Second // for requests that are being worked on when the end comes
	closeTimeout = 2 * time.Second // for connections that are still in use then
)

// serve runs the backend until ctx ends, then lets it finish what it began.
func serve(ctx context.Context, getenv func(string) string, stderr io.Writer) (err error) {
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	cfg, err := config.Load(getenv)
	if err != nil {
		return fmt.Errorf("read environment:\n%w", err)
	}
	metrics := telemetry.New()
	st, err := store.Open(ctx, cfg, metrics)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if err := st.Close(ctx); err != nil {
			log.Warn("stopped without a clean end", "error", err)
		}
	}()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := web.NewServer(cfg, web.NewHandler(cfg, st, metrics, log), log)
	log.Info("listening", "addr", listener.Addr().String())

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served: // never nil
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping")
	drain(server, log)
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// drain waits for the requests under way, then hangs up on those that are left,
// which ends their contexts.
func drain(server *http.Server, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		log.Warn("requests cut off", "error", err)
		if err := server.Close(); err != nil {
			log.Warn("close server", "error", err)
		}
	}
}
