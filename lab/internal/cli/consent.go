package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/stack/toolchain"
)

// envSetup says beforehand whether what is missing may be set up: "yes" or "no".
const envSetup = "LAB_SETUP"

// consentFlag adds --yes to a command that sets up what is missing.
func (l *lab) consentFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVarP(&l.yes, "yes", "y", false,
		"install and build what is missing without asking ("+envSetup+"=yes does so, too; =no forbids it)")
	return cmd
}

// runs adds to a command what every command has that runs trials.
func (l *lab) runs(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().DurationVar(&l.idleWait, "idle-wait", host.IdleWait,
		"wait at most so long before each trial until the machine is idle")
	return l.consentFlag(cmd)
}

// consent names what a set-up will do and asks whether it may, where somebody can answer:
// at a terminal. Elsewhere it goes on, for nobody is there.
func (l *lab) consent(ctx context.Context, out io.Writer) (func(toolchain.Intent) error, error) {
	answer := os.Getenv(envSetup)
	if answer != "" && answer != "yes" && answer != "no" {
		return nil, usageError{fmt.Errorf("%s=%s: write yes or no", envSetup, answer)}
	}
	return func(intent toolchain.Intent) error {
		tell(out, intent)
		if l.yes || answer == "yes" {
			return nil
		}
		if answer == "no" {
			return fmt.Errorf("programs are missing, and %s=no forbids to set them up; nothing was installed", envSetup)
		}
		question := terminalOf(out)
		if !isTerminal(os.Stdin) || question == nil {
			return nil
		}
		if question != out {
			tell(question, intent) // what is printed goes elsewhere
		}
		return ask(ctx, os.Stdin, question)
	}, nil
}

// isTerminal reports whether somebody types there, or reads. A test says so itself.
var isTerminal = func(f *os.File) bool { return isatty.IsTerminal(f.Fd()) }

// terminalOf returns where a person reads: out, else standard error; nil: nobody does.
func terminalOf(out io.Writer) io.Writer {
	for _, to := range []io.Writer{out, os.Stderr} {
		if f, ok := to.(*os.File); ok && isTerminal(f) {
			return f
		}
	}
	return nil
}

// tell prints what is about to be done.
func tell(out io.Writer, intent toolchain.Intent) {
	fmt.Fprintln(out, "Programs are missing. The set-up will")
	if len(intent.Install) > 0 {
		fmt.Fprintf(out, "  install, as root by apt-get: %s\n", strings.Join(intent.Install, ", "))
	}
	if len(intent.Build) > 0 {
		fmt.Fprintf(out, "  build into .lab/tools:       %s\n", strings.Join(intent.Build, ", "))
	}
	for _, note := range intent.Notes {
		fmt.Fprintln(out, note)
	}
}

var errDeclined = errors.New("declined: nothing was installed; put what is missing on PATH, or enter `nix develop`")

// ask returns nil if the answer is yes.
func ask(ctx context.Context, in io.Reader, out io.Writer) error {
	fmt.Fprint(out, "Go on? [Y/n] ")
	answers := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && line == "" {
			line = "n" // the terminal is gone
		}
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case answer := <-answers:
		if answer == "" || answer == "y" || answer == "yes" {
			return nil
		}
		return errDeclined
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
