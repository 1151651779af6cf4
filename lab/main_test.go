package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("LAB_TEST_INTERRUPTS") != "" { // as another: one that tells what ends it
		fmt.Print(interrupts())
		return
	}
	os.Exit(m.Run())
}

// nohup ignores SIGHUP for what it starts, and a shell SIGINT for what it starts in the background.
func TestWhatTheCallerIgnoresStaysIgnored(t *testing.T) {
	for ignored, want := range map[string]string{
		"":         "[interrupt hangup terminated]",
		"HUP":      "[interrupt terminated]",
		"INT":      "[hangup terminated]",
		"HUP INT":  "[terminated]",
		"TERM HUP": "[interrupt terminated]", // a request to end is heard all the same
	} {
		const script = `[ -z "$1" ] || trap '' $1; exec "$0"`
		// Whatever the tests' own caller ignores.
		cmd := exec.Command("/usr/bin/env", "--default-signal", "/bin/bash", "-c", script, os.Args[0], ignored)
		cmd.Env = append(os.Environ(), "LAB_TEST_INTERRUPTS=yes")
		if out, err := cmd.Output(); err != nil || string(out) != want {
			t.Errorf("ignored %q: it is ended by %s, %v; want %s", ignored, out, err, want)
		}
	}
}
