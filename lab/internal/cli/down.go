package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/stack/daemon"
)

func (l *lab) down() *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		Short:   "Stop the stack; returns when nothing of it is left",
		Example: "  lab down",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			err = daemon.NewClient(layout).Down(cmd.Context())
			if errors.Is(err, daemon.ErrDown) {
				fmt.Fprintln(cmd.OutOrStdout(), "the stack is down already")
				return nil
			}
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "down")
			}
			return err
		},
	}
}
