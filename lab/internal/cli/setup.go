package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/toolchain"
)

func (l *lab) setup() *cobra.Command {
	var tests bool
	cmd := &cobra.Command{
		Use: "setup", Short: "Get the programs that are missing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			began := time.Now()
			opts := toolchain.Options{Tests: tests, Progress: steps{cmd.OutOrStdout()}}
			set, err := toolchain.Setup(cmd.Context(), layout.Root, opts)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d programs are there (%s)\n", len(set), time.Since(began).Round(time.Millisecond))
			return nil
		},
	}
	cmd.Flags().BoolVar(&tests, "tests", false, "also get what only the tests need")
	return cmd
}

// tools returns the programs of the lab, and gets those that are missing first.
func (l *lab) tools(ctx context.Context, layout stack.Layout, out io.Writer) (toolchain.Set, error) {
	return toolchain.Setup(ctx, layout.Root, toolchain.Options{Progress: steps{out}})
}

// steps prints the steps of a set-up.
type steps struct{ out io.Writer }

// Step implements toolchain.Progress.
func (s steps) Step(name string) func(error) {
	began := time.Now()
	fmt.Fprintf(s.out, "setting up %s …\n", name)
	return func(err error) {
		result := "done"
		if err != nil {
			result = "failed"
		}
		fmt.Fprintf(s.out, "setting up %s: %s after %s\n", name, result, time.Since(began).Round(100*time.Millisecond))
	}
}

// found returns the programs of the lab, and installs none.
func (l *lab) found(ctx context.Context, layout stack.Layout) (toolchain.Set, error) {
	set, missing := toolchain.Find(ctx, layout.Root)
	for _, m := range missing {
		if m.Role == toolchain.ForLab {
			return nil, fmt.Errorf("%s is missing; get it: lab setup", m)
		}
	}
	return set, nil
}
