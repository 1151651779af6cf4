package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"stormwave/lab/backends"
	"stormwave/lab/internal/stack/daemon"
)

// supervise is what `up` starts; nobody types it.
func (l *lab) supervise() *cobra.Command {
	var owner, name string
	cmd := &cobra.Command{
		Use: "supervise", Short: "Own the services until told to go down", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			process, err := daemon.ParseOwner(owner)
			if err != nil {
				return usageError{err}
			}
			tools, err := l.found(cmd.Context(), layout)
			if err != nil {
				return err
			}
			b, err := backends.Find(layout.Root, name)
			if err != nil {
				return usageError{fmt.Errorf("find the backend %s: %w", name, err)}
			}
			return daemon.Supervise(cmd.Context(), layout, tools, b, process)
		},
	}
	cmd.Flags().StringVar(&owner, "owner", "", "end with this process (pid:start)")
	cmd.Flags().StringVar(&name, "backend", "", "name of the backend under test, or path of its manifest")
	return cmd
}
