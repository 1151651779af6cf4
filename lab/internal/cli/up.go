package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/daemon"
)

func (l *lab) up() *cobra.Command {
	return &cobra.Command{
		Use:     "up",
		Short:   "Start the stack; returns when all is ready",
		Example: "  lab up",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			client := daemon.NewClient(layout)
			started, err := l.start(cmd.Context(), client, layout, false, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			st, err := client.Status(cmd.Context())
			if err != nil {
				return err
			}
			if !started {
				fmt.Fprintln(cmd.OutOrStdout(), "the stack is up already")
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "up in %.1f s\n", st.Figures.UpSeconds)
			}
			printURLs(cmd.OutOrStdout(), st)
			tellFewFiles(cmd.OutOrStdout(), st, st.Settings)
			return nil
		},
	}
}

// tellFewFiles says where a service may not open the files that the settings let it need.
func tellFewFiles(out io.Writer, st daemon.Status, all ...matrix.Settings) {
	for _, svc := range service.All() {
		if svc.Files == nil {
			continue
		}
		var needed uint64
		var bound string
		for _, settings := range all {
			n, by := svc.Files(settings)
			needed, bound = max(needed, n), by
		}
		if st.OpenFiles > 0 && st.OpenFiles < needed { // 0: a supervisor of before this was told
			fmt.Fprintf(out, "note: a service may open %d files at once, and %s may need %d: beyond that "+
				"it refuses clients; raise the hard limit of the account (ulimit -Hn), or set a lower %s\n",
				st.OpenFiles, svc.Title, needed, bound)
		}
	}
}

// start sets up what is missing and brings the stack up, telling each step. With
// bound set, a stack that it starts ends with this process. An interrupted start
// is taken back.
func (l *lab) start(
	ctx context.Context, client *daemon.Client, layout service.Layout, bound bool, out io.Writer,
) (started bool, err error) {
	if _, err := client.Status(ctx); errors.Is(err, daemon.ErrDown) {
		if _, err := l.tools(ctx, layout, out); err != nil {
			return false, err
		}
	}
	started, err = client.Start(ctx, bound, func(step stack.Step) {
		if step.Err == nil {
			fmt.Fprintf(out, "  %-18s ready after %s\n", step.Service, step.Took.Round(10*time.Millisecond))
		}
	})
	if err != nil && started && ctx.Err() != nil {
		err = errors.Join(err, client.Down(context.WithoutCancel(ctx)))
	}
	return started, err
}

func printURLs(out io.Writer, st daemon.Status) {
	for _, name := range slices.Sorted(maps.Keys(st.URLs)) {
		if url := st.URLs[name]; url != nil {
			fmt.Fprintf(out, "  %-12s %s\n", name, *url)
		}
	}
}
