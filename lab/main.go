// Command lab runs the benchmark lab: it sets up the programs, owns the stack,
// runs matrices and writes their reports.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"stormwave/lab/internal/cli"
)

func main() {
	os.Exit(cli.ExitStatus(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return cli.Run(ctx, args, stdout, stderr)
}
