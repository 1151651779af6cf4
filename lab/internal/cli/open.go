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
		Use: "open RUN", Short: "Look at what Prometheus recorded during a run, until interrupted", Args: cobra.ExactArgs(1),
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
				return fmt.Errorf("open %s: it has no record; shoot it first: lab resume %s", args[0], args[0])
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
	archive, err := stack.OpenArchive(starting, j.layout, j.tools, func(storage string) error { return tsdb.Copy(j.dir.TSDB(), storage) })
	if archive != nil {
		defer func() { err = errors.Join(err, archive.Close(context.WithoutCancel(ctx))) }()
	}
	if err != nil {
		return err
	}
	begin, end := span(j.earlier)
	address, closePage, err := servePage(j, archive.Prometheus(), begin, end)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closePage()) }()
	fmt.Fprintf(out, "%s, %s to %s UTC\n", j.dir.Name(), begin.UTC().Format("2006-01-02 15:04:05"), end.UTC().Format("15:04:05"))
	fmt.Fprintf(out, "  %-12s %s\n", "page", address)
	for _, link := range links(archive, begin, end) {
		fmt.Fprintf(out, "  %-12s %s\n", link[0], link[1])
	}
	fmt.Fprintln(out, "Ctrl-C ends it")
	<-ctx.Done()
	return nil
}

// servePage serves the live page, which shows the run and does not change, on a free
// port of the loopback. What it returns ends that.
func servePage(j job, prometheus string, begin, end time.Time) (address string, closePage func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serve the page: %w", err)
	}
	p, err := page.New(page.Sources{
		Addr: listener.Addr().String(), Prometheus: prometheus, Results: resultsDir(j.layout), Archive: &page.Archive{Run: j.dir.Name(), Start: begin, End: end},
	})
	if err != nil {
		return "", nil, errors.Join(err, listener.Close())
	}
	server := page.Server(p)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return "http://" + listener.Addr().String() + "/", func() error {
		err := server.Close()
		if serve := <-ended; !errors.Is(serve, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("serve the page: %w", serve))
		}
		p.Close()
		return err
	}, nil
}

// links are where to look, with the time of the run set.
func links(archive *stack.Archive, begin, end time.Time) [][2]string {
	query := url.Values{
		"g0.expr": {"sum(rate(k6_http_reqs_total[5s]))"}, "g0.tab": {"graph"},
		"g0.end_input": {end.UTC().Format("2006-01-02 15:04:05")}, "g0.range_input": {strconv.Itoa(int(end.Sub(begin).Seconds())+1) + "s"},
	}
	all := [][2]string{{"prometheus", archive.Prometheus() + "/query?" + query.Encode()}}
	if grafana := archive.Grafana(); grafana != "" {
		all = append(all, [2]string{"grafana", fmt.Sprintf("%s/d/stormwave-study?from=%d&to=%d", grafana, begin.UnixMilli(), end.UnixMilli())})
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
