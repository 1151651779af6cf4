// Command app is the backend under test: users, sessions and posts over HTTP,
// kept in PostgreSQL. All of its settings come from the environment; their names
// are in package contract.
//
//	app [serve]                               serve until SIGTERM or SIGINT
//	app schema [--users 10000] [--posts 500000]  print the SQL of tables, data and rights
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"stormwave/app/contract"
	"stormwave/app/internal/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "app: %v\n", err)
		os.Exit(1)
	}
}

// run does what args say and returns when it is done or ctx has ended.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	command := "serve"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch {
	case command == "serve" && len(args) > 0:
		return fmt.Errorf("serve takes no arguments: set the environment instead, got %q", args)
	case command == "serve":
		return serve(ctx, getenv, stderr)
	case command == "schema":
		return schema(args, stdout, stderr)
	}
	return fmt.Errorf("unknown command %q: use serve or schema", command)
}

// schema prints the SQL of the data set, for psql as the owner of the database.
func schema(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("schema", flag.ContinueOnError)
	flags.SetOutput(stderr)
	users := flags.Int("users", contract.Users, "users, of which one in ten writes")
	posts := flags.Int("posts", contract.Posts, "posts")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return fmt.Errorf("read arguments: %w", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("read arguments: %q are too many: use --users and --posts", flags.Args())
	}
	return store.WriteSchema(stdout, *users, *posts)
}
