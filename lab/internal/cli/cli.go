// Package cli holds the commands of lab, one file each.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/daemon"
	"stormwave/lab/internal/stack/proc"
)

// Exit statuses. 0 is success.
const (
	statusFailure     = 1
	statusUsage       = 2
	statusIncomplete  = 3
	statusInterrupted = 130
)

// usageError is wrong usage or a bad spec: nothing was started.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

var (
	errIncomplete  = errors.New("finished, but not all trials are valid")
	errInterrupted = errors.New("interrupted")
)

// Run executes the command that args name.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if _, err := proc.Settle(); err != nil {
		return err
	}
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errInterrupted) {
		return fmt.Errorf("%w: %w", errInterrupted, err)
	}
	return err
}

// ExitStatus tells the error, if there is one, and returns the exit status for it.
func ExitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, err)
	var usage usageError
	switch {
	case errors.As(err, &usage):
		return statusUsage
	case errors.Is(err, errIncomplete), errors.Is(err, errGate):
		return statusIncomplete
	case errors.Is(err, errInterrupted):
		return statusInterrupted
	case errors.Is(err, daemon.ErrRunning):
		return daemon.StatusRunning
	}
	return statusFailure
}

// lab is what the commands share.
type lab struct {
	root string // where the checkout is
	yes  bool   // what is missing may be set up

	idleWait time.Duration // before each trial, for an idle machine, at most
}

func newRoot() *cobra.Command {
	l := &lab{}
	cmd := &cobra.Command{
		Use:           "lab",
		Long:          about,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&l.root, "root", "", "the checkout (default: the one around the working directory)")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.CompletionOptions.DisableDefaultCmd = true
	l.add(cmd)
	cmd.AddCommand(l.supervise(), l.fault()) // which the lab calls itself
	return cmd
}

// writeJSON writes a value for programs.
func writeJSON(out io.Writer, value any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}

// layout finds the checkout: where it was named, else around the working
// directory, else around the program itself.
func (l *lab) layout() (service.Layout, error) {
	if l.root != "" {
		if !isCheckout(l.root) {
			return service.Layout{}, usageError{
				fmt.Errorf("%s is no checkout of stormwave: it holds no magefile.go beside a lab directory", l.root),
			}
		}
		return service.NewLayout(l.root)
	}
	var starts []string
	if cwd, err := os.Getwd(); err == nil {
		starts = append(starts, cwd)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		for {
			if isCheckout(dir) {
				return service.NewLayout(dir)
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return service.Layout{}, usageError{
		errors.New("find the checkout of stormwave: run this inside it, or name it with --root"),
	}
}

func isCheckout(dir string) bool {
	for _, name := range []string{"magefile.go", "lab"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}
