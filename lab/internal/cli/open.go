package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/measure/tsdb"
	"stormwave/lab/internal/page"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack"
)

// openTimeout bounds the start of what shows a run.
const openTimeout = 2 * time.Minute

func (l *lab) open() *cobra.Command {
	return &cobra.Command{
		Use:     "open RUN",
		Short:   "Look at what Prometheus recorded during a run, until interrupted",
		Example: "  lab open 2026-11-27T0304Z-study",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			j, err := readRun(layout, args[0])
			if err != nil {
				return err
			}
			if len(j.earlier) == 0 {
				return fmt.Errorf("open %s: it has no record; run it first: lab resume %s", args[0], args[0])
			}
			return l.show(cmd.Context(), j, cmd.OutOrStdout())
		},
	}
}

// show serves what a run has kept until ctx ends, which is how it is meant to end.
func (l *lab) show(ctx context.Context, j job, out io.Writer) (err error) {
	if j.tools, err = l.found(ctx, j.layout, "prometheus"); err != nil {
		return err
	}
	starting, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	archive, err := stack.OpenArchive(
		starting, j.layout, j.tools, func(storage string) error { return tsdb.Copy(j.dir.TSDB(), storage) },
	)
	if archive != nil {
		defer func() { err = errors.Join(err, archive.Close(context.WithoutCancel(ctx))) }()
	}
	if err != nil {
		return err
	}
	begin, end := span(j.earlier)
	prometheus, closeDoor, err := serve(func(addr string) (http.Handler, error) {
		return page.NewDoor(addr, archive.Prometheus())
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeDoor()) }()
	var live *page.Page
	address, closePage, err := serve(func(addr string) (http.Handler, error) {
		p, err := page.New(page.Sources{
			Addr:       addr,
			Prometheus: archive.Prometheus(),
			Results:    resultsDir(j.layout),
			Archive:    &page.Archive{Run: j.dir.Name(), Start: begin, End: end},
		})
		if err != nil {
			return nil, err
		}
		live = p
		return p, nil
	})
	if err != nil {
		return err
	}
	defer live.Close()
	defer func() { err = errors.Join(err, closePage()) }()
	fmt.Fprintf(
		out, "%s, %s to %s UTC\n", j.dir.Name(), begin.UTC().Format("2006-01-02 15:04:05"), end.UTC().Format("15:04:05"),
	)
	fmt.Fprintf(out, "  %-12s %s/\n", "page", address)
	for _, link := range links(prometheus, archive.Grafana(), begin, end) {
		fmt.Fprintf(out, "  %-12s %s\n", link[0], link[1])
	}
	fmt.Fprintln(out, "Ctrl-C ends it")
	<-ctx.Done()
	return nil
}

// serve serves what open makes for an address, on a free port of the loopback. What it returns ends that.
func serve(open func(addr string) (http.Handler, error)) (address string, end func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serve what a run has kept: %w", err)
	}
	addr := listener.Addr().String()
	handler, err := open(addr)
	if err != nil {
		return "", nil, errors.Join(err, listener.Close())
	}
	server := page.Server(handler)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return "http://" + addr, func() error {
		err := server.Close()
		if serve := <-ended; !errors.Is(serve, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("serve what a run has kept: %w", serve))
		}
		return err
	}, nil
}

// links are where to look, with the time of the run set.
func links(prometheus, grafana string, begin, end time.Time) [][2]string {
	query := url.Values{
		"g0.expr": {"sum(rate(k6_http_reqs_total[5s]))"}, "g0.tab": {"graph"},
		"g0.end_input":   {end.UTC().Format("2006-01-02 15:04:05")},
		"g0.range_input": {strconv.Itoa(int(end.Sub(begin).Seconds())+1) + "s"},
	}
	all := [][2]string{{"prometheus", prometheus + "/query?" + query.Encode()}}
	if grafana != "" {
		all = append(
			all,
			[2]string{"grafana", fmt.Sprintf("%s/d/stormwave-study?from=%d&to=%d", grafana, begin.UnixMilli(), end.UnixMilli())},
		)
	}
	return all
}

// readRun reads a run that is only looked at: a torn last line stays, and does not count.
func readRun(layout service.Layout, name string) (job, error) {
	j, err := planOf(layout, name)
	if err != nil {
		return job{}, err
	}
	j.earlier, err = record.Read(j.dir.Records())
	var torn *record.TornError
	if errors.As(err, &torn) {
		err = nil
	}
	return j, err
}
