package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/toolchain"
)

func (l *lab) setup() *cobra.Command {
	var tests bool
	cmd := &cobra.Command{
		Use:     "setup",
		Short:   "Get the programs that are missing",
		Example: "  lab setup --yes",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			began := time.Now()
			set, err := l.setUp(cmd.Context(), layout, tests, cmd.OutOrStdout())
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
func (l *lab) tools(ctx context.Context, layout service.Layout, out io.Writer) (toolchain.Set, error) {
	return l.setUp(ctx, layout, false, out)
}

// setUp gets what is missing, with the consent of whom it takes.
func (l *lab) setUp(ctx context.Context, layout service.Layout, tests bool, out io.Writer) (toolchain.Set, error) {
	consent, err := l.consent(ctx, out)
	if err != nil {
		return nil, err
	}
	return toolchain.Setup(ctx, layout.Root, toolchain.Options{
		Services: service.Programs(),
		Tests:    tests,
		Consent:  consent,
		Progress: &steps{out: out},
	})
}

// steps prints the steps of a set-up, which go side by side.
type steps struct {
	mu  sync.Mutex
	out io.Writer
}

// Step implements toolchain.Progress.
func (s *steps) Step(name string) func(error) {
	began := time.Now()
	s.print("setting up %s …\n", name)
	return func(err error) {
		result := "done"
		if err != nil {
			result = "failed"
		}
		s.print("setting up %s: %s after %s\n", name, result, time.Since(began).Round(100*time.Millisecond))
	}
}

func (s *steps) print(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format, args...)
}

// found returns the programs that are there, and installs none: it is for commands that
// only look. Those that are named must be there; without a name, all of the lab.
func (l *lab) found(ctx context.Context, layout service.Layout, names ...string) (toolchain.Set, error) {
	set, missing := toolchain.Find(ctx, layout.Root, service.Programs())
	var errs []error
	for _, m := range missing {
		if slices.Contains(names, m.Name) || len(names) == 0 && m.Role == toolchain.ForLab {
			errs = append(errs, fmt.Errorf("%s is missing; get it: lab setup", m))
		}
	}
	return set, errors.Join(errs...)
}
