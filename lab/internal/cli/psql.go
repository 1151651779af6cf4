package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/daemon"
	"stormwave/lab/internal/stack/proc"
)

func (l *lab) psql() *cobra.Command {
	return &cobra.Command{
		Use:   "psql " + strings.Join(service.PsqlTargets(), "|") + " [-- psql arguments]",
		Short: "Open psql: the servers as superuser, the pooler as the backend does, or the pooler's console (admin)",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			if targets := service.PsqlTargets(); !slices.Contains(targets, args[0]) {
				return usageError{fmt.Errorf("psql cannot reach %q; choose from: %s", args[0], strings.Join(targets, ", "))}
			}
			st, err := daemon.NewClient(layout).Status(cmd.Context())
			if err != nil {
				return err
			}
			tools, err := l.found(cmd.Context(), layout, "postgres")
			if err != nil {
				return err
			}
			conninfo, env := layout.Psql(args[0], st.Addrs())
			return proc.Replace(tools.Path("psql"), append([]string{"--no-psqlrc", conninfo}, args[1:]...), append(os.Environ(), env...))
		},
	}
}
