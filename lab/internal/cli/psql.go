package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/daemon"
	"stormwave/lab/internal/stack/proc"
)

// psqlEnviron is what psql has of the caller's: the terminal, the home for its history, and the programs that it calls.
// What would lead it to another server, or set something in a session, is none of it. People write in any script.
func psqlEnviron() []string {
	kept := proc.Keep("TERM", "COLUMNS", "LINES", "HOME", "PATH", "SHELL", "PAGER", "PSQL_PAGER", "PSQL_WATCH_PAGER",
		"LESS", "EDITOR", "VISUAL", "PSQL_EDITOR", "PSQL_HISTORY")
	return append(kept, "LC_ALL=C.UTF-8")
}

func (l *lab) psql() *cobra.Command {
	return &cobra.Command{
		Use:     "psql " + strings.Join(service.PsqlTargets(), "|") + " [-- psql arguments]",
		Short:   "Open psql: the servers as superuser, the pooler as the backend does, or the pooler's console (admin)",
		Example: "  lab psql primary -- -c 'SELECT * FROM pg_stat_activity'",
		Args:    cobra.MinimumNArgs(1),
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
			psql := append([]string{"--no-psqlrc", conninfo}, args[1:]...)
			return proc.Replace(tools.Path("psql"), psql, append(env, psqlEnviron()...))
		},
	}
}
