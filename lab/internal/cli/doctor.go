package cli

import (
	"fmt"
	"maps"
	"slices"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/toolchain"
)

func (l *lab) doctor() *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Short:   "Say which programs are there, which are missing, and how noisy the host is",
		Example: "  lab doctor",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			set, missing := toolchain.Find(cmd.Context(), layout.Root, service.Programs())
			out := cmd.OutOrStdout()
			table := tablewriter.NewWriter(out)
			table.Header("program", "version", "from", "path")
			for _, name := range slices.Sorted(maps.Keys(set)) {
				p := set[name]
				if err := table.Append(name, p.Version, string(p.Source), p.Path); err != nil {
					return fmt.Errorf("print programs: %w", err)
				}
			}
			if err := table.Render(); err != nil {
				return fmt.Errorf("print programs: %w", err)
			}
			seen, err := host.Sample(cmd.Context())
			if err != nil {
				return err
			}
			lacking := 0
			for _, m := range missing {
				fmt.Fprintf(out, "missing: %s\n", m)
				if m.Role == toolchain.ForLab {
					lacking++
				}
			}
			quiet := "quiet"
			if !seen.Idle {
				quiet = "too busy to measure on"
			}
			fmt.Fprintf(out, "the host is %s: %s\n", quiet, seen)
			switch {
			case lacking > 0:
				return fmt.Errorf("not ready: %d programs of the lab are missing; get them: lab setup", lacking)
			case !seen.Idle:
				fmt.Fprintln(out, "ready, but a trial that starts now would be suspect: end what else runs here, then lab doctor")
			default:
				fmt.Fprintln(out, "ready: lab run lab/matrices/quick.yaml")
			}
			return nil
		},
	}
}
