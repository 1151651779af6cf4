package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/stack/fault"
)

// fault runs a helper process that brings a fault about; the stack starts it.
func (l *lab) fault() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "fault",
		Short:  "Bring about what a diagnosis is to find",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		&cobra.Command{Use: "hog THREADS", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			threads, err := strconv.Atoi(args[0])
			if err != nil {
				return usageError{fmt.Errorf("read threads: %w", err)}
			}
			return fault.Hog(cmd.Context(), threads)
		}},
		&cobra.Command{
			Use:  "proxy LISTEN TARGET DELAY",
			Args: cobra.ExactArgs(3),
			RunE: func(cmd *cobra.Command, args []string) error {
				delay, err := time.ParseDuration(args[2])
				if err != nil {
					return usageError{fmt.Errorf("read delay: %w", err)}
				}
				return fault.Proxy(cmd.Context(), args[0], args[1], delay)
			},
		},
		&cobra.Command{Use: "evict DIR", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return fault.Evict(cmd.Context(), args[0])
		}},
		&cobra.Command{
			Use:  "lock CONNINFO HOLD",
			Args: cobra.ExactArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				hold, err := time.ParseDuration(args[1])
				if err != nil {
					return usageError{fmt.Errorf("read hold: %w", err)}
				}
				return fault.LockUsers(cmd.Context(), args[0], hold)
			},
		},
		&cobra.Command{
			Use:  "view URL VIEWERS",
			Args: cobra.ExactArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				viewers, err := strconv.Atoi(args[1])
				if err != nil {
					return usageError{fmt.Errorf("read viewers: %w", err)}
				}
				return fault.View(cmd.Context(), args[0], viewers)
			},
		},
	)
	return cmd
}
