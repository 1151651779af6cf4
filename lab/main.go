// Command lab runs the benchmark lab: it sets up the programs, owns the stack,
// runs matrices and writes their reports.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"stormwave/lab/internal/cli"
)

func main() {
	os.Exit(cli.ExitStatus(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, interrupts()...)
	defer stop()
	return cli.Run(ctx, args, stdout, stderr)
}

// interrupts are the signals that end a command. What its caller lets it ignore, as nohup does, stays ignored.
func interrupts() []os.Signal {
	return append(slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGHUP}, signal.Ignored), syscall.SIGTERM)
}
