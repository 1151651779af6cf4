package cli

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"stormwave/lab/internal/stack/proc"
)

func TestMain(m *testing.M) {
	if os.Getenv("CLI_TEST_READERS") != "" { // as another: a run whose reader goes
		os.Exit(printOn())
	}
	goleak.VerifyTestMain(m)
}

// printOn prints until that fails, and tells on standard error what became of it.
func printOn() int {
	defer outliveReaders()()
	for {
		if _, err := fmt.Println("a line"); err != nil {
			break
		}
	}
	child, err := proc.Start(proc.Spec{Name: "child", Path: "/bin/sh", Args: []string{"-c", "kill -PIPE $$"}})
	if err != nil {
		return 1
	}
	fmt.Fprintln(os.Stderr, "the run goes on; its child ends with", child.Exit())
	return 0
}
