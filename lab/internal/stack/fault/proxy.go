package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy passes connections on from listen to target, and each byte later by delay,
// in both directions. It keeps the order and does not limit the throughput.
func Proxy(ctx context.Context, listen, target string, delay time.Duration) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen for the proxy: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		client, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept for the proxy: %w", err)
		}
		all.Go(func() { relay(ctx, client, target, delay) })
	}
}

// relay serves one connection. When either side ends, or ctx does, both end.
func relay(ctx context.Context, client net.Conn, target string, delay time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", target)
	if err != nil {
		return // who connects sees a connection that is closed, as through any proxy
	}
	defer func() { _ = server.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = errors.Join(client.Close(), server.Close()) })
	defer stop()
	var ways sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		ways.Go(func() {
			defer cancel()
			carry(ctx, way[0], way[1], delay)
		})
	}
	ways.Wait()
}

const (
	dialTimeout = 3 * time.Second
	// underWay bounds the pieces that are on their way: more than any query has.
	underWay = 1024
	piece    = 32 << 10
)

// carry moves bytes from one side to the other, each after the delay.
func carry(ctx context.Context, from io.Reader, to io.Writer, delay time.Duration) {
	type parcel struct {
		due  time.Time
		data []byte
	}
	road := make(chan parcel, underWay)
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(road)
		for {
			buffer := make([]byte, piece)
			n, err := from.Read(buffer)
			if n > 0 {
				select {
				case road <- parcel{time.Now().Add(delay), buffer[:n]}:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	for p := range road {
		wait := time.NewTimer(time.Until(p.due))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			continue // until the reader has seen it too
		}
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	// The other side is closed by now, or will be, which ends the reader.
}
