package cli

import (
	"errors"
	"fmt"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/daemon"
)

func (l *lab) status() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show the services and where they listen",
		Example: "  lab status",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			st, err := daemon.NewClient(layout).Status(cmd.Context())
			switch {
			case errors.Is(err, daemon.ErrDown):
				st = daemon.DownStatus()
			case err != nil:
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return writeJSON(out, st)
			}
			fmt.Fprintf(out, "the stack is %s\n", st.State)
			if st.State == "down" {
				return nil
			}
			table := tablewriter.NewWriter(out)
			table.Header("service", "state", "pid", "address", "version")
			for _, s := range st.Services {
				state := "starting"
				switch {
				case s.Ready:
					state = "ready"
				case s.PID == 0:
					state = "down"
				}
				if err := table.Append(s.Name, state, s.PID, s.Addr, s.Version); err != nil {
					return fmt.Errorf("print status: %w", err)
				}
			}
			if err := table.Render(); err != nil {
				return fmt.Errorf("print status: %w", err)
			}
			printURLs(out, st)
			if earlier := stack.LastDeath(st.Deaths) - len(st.Deaths); earlier > 0 {
				fmt.Fprintf(out, "services ended unasked %d times before these:\n", earlier)
			}
			for _, death := range st.Deaths {
				fmt.Fprintf(out, "%s at %s\n", death, death.At.Format("15:04:05"))
			}
			if st.Run != nil {
				fmt.Fprintf(out, "in use by the run %s\n", *st.Run)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs")
	return cmd
}
