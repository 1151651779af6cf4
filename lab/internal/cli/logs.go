package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/service"
)

func (l *lab) logs() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:     "logs SERVICE",
		Short:   "Show the log of a service (or of the supervisor)",
		Example: "  lab logs --follow primary",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			log, err := openLog(layout, args[0])
			if err != nil {
				return err
			}
			defer func() { _ = log.Close() }()
			return copyLog(cmd.Context(), cmd.OutOrStdout(), log, follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on as the log grows, until interrupted")
	return cmd
}

// openLog opens the log of a service; an unknown one is answered with the names
// that exist.
func openLog(layout service.Layout, name string) (*os.File, error) {
	known := append(service.Names(), "supervisor")
	if !slices.Contains(known, name) {
		return nil, usageError{fmt.Errorf("no service is called %q; there are: %s", name, strings.Join(known, ", "))}
	}
	log, err := os.Open(layout.Log(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has not logged anything yet; start the stack: lab up", name)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(layout.Log(name)), err)
	}
	return log, nil
}

// copyLog writes what the log holds, and with follow what it gets, until ctx ends.
func copyLog(ctx context.Context, out io.Writer, log io.Reader, follow bool) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := io.Copy(out, log); err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		if !follow {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errInterrupted
		}
	}
}
