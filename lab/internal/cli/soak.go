package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/judge/soak"
)

// soakSpec is what `lab soak` runs.
const soakSpec = "lab/matrices/soak.yaml"

func (l *lab) soak() *cobra.Command {
	return &cobra.Command{
		Use:     "soak",
		Short:   "Run short storms for half an hour, kill something in most of them, and see that nothing is lost",
		Example: "  lab soak",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			text, spec, err := readSpec(layout, filepath.Join(layout.Root, soakSpec))
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			name := ""
			j := job{layout: layout, spec: text, plan: spec.Plan(), out: out}
			j.begin = func(ctx context.Context, j *job) error {
				err := newRun(ctx, j)
				name = j.dir.Name()
				return err
			}
			// invalid trials are what it is about
			if err := l.run(cmd.Context(), j); err != nil && !errors.Is(err, errIncomplete) {
				return err
			}
			if j, err = readRun(layout, name); err != nil {
				return err
			}
			found := soak.Judge(j.plan, j.earlier)
			fmt.Fprintf(out, "killed a service in %d trials, none in %d; the supervisor's open files %.0f → %.0f, its memory "+
				"%.1f → %.1f MB\n",
				found.Killed, found.Whole, found.Files.First, found.Files.Last, found.Memory.First/1e6, found.Memory.Last/1e6)
			if len(found.Failures) > 0 {
				return fmt.Errorf("the lab has not held; the records are in %s:\n  %s", name, strings.Join(found.Failures, "\n  "))
			}
			return nil
		},
	}
}
