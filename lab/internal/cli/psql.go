package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/daemon"
	"stormwave/lab/internal/stack/proc"
)

func (l *lab) psql() *cobra.Command {
	return &cobra.Command{
		Use:   "psql primary|replica|pgbouncer|admin [-- psql arguments]",
		Short: "Open psql: the servers as superuser, the pooler as the backend does, or the pooler's console (admin)",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			if !slices.Contains(stack.PsqlTargets, args[0]) {
				return usageError{fmt.Errorf("psql cannot reach %q; choose from: %s", args[0], strings.Join(stack.PsqlTargets, ", "))}
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
