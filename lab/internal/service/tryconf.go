package service

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// trialFiles are what postgres -C looks at in a data directory besides its configuration.
var trialFiles = []string{"PG_VERSION", "global/pg_control"}

// TryConf asks PostgreSQL whether it would start with these settings, as far as it tells without a start: by values
// that it cannot take, and by such that contradict each other. shared_memory_size is computed only after these
// checks. The error holds the server's own words. What a start alone tells (memory that is not there) is not found.
func (e *Env) TryConf(ctx context.Context, conf GUCs) error {
	if e.templateDir == "" {
		return nil
	}
	text, err := e.postgresConfOf(Primary, nil)
	if err != nil {
		return err
	}
	dir := e.Layout.data("trial")
	remove := func() error { return os.RemoveAll(dir) }
	if err := e.servant.Do(func() error {
		if err := remove(); err != nil {
			return err
		}
		for _, name := range trialFiles {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
				return err
			}
			if err := copyFile(filepath.Join(e.templateDir, name), filepath.Join(dir, name), 0o600); err != nil {
				return err
			}
		}
		return writePrivate(filepath.Join(dir, "postgresql.conf"), text)
	}); err != nil {
		return fmt.Errorf("try the configuration of PostgreSQL: %w", err)
	}
	defer func() { _ = e.servant.Do(remove) }()
	args := []string{"-D", dir, "-C", "shared_memory_size"}
	for _, name := range slices.Sorted(maps.Keys(conf)) {
		args = append(args, "-c", name+"="+conf[name]) // of a file it would say no more than that it has errors
	}
	_, err = proc.Run(ctx, proc.Spec{
		Name:    "postgres",
		Path:    e.Tools.Path("postgres"),
		Args:    args,
		Env:     e.BaseEnv(),
		Dir:     dir,
		Account: e.account(),
	})
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if words := LastWords(err.Error(), "postgres"); words != "" {
		return fmt.Errorf("PostgreSQL does not start with the cell's settings: %s", words)
	}
	return nil // it cannot be asked; the start tells
}

// LastWords are why a service ended, or never became ready, by its log, in one line: what PostgreSQL and PgBouncer call
// fatal, without when and where they wrote it, what the programs say by their names before they log, and the last
// complaint of the backend; empty where there is none of these.
func LastWords(log string, programs ...string) string {
	var words []string
	complaint := ""
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "{") {
			complaint = cmp.Or(complaintOf(line), complaint)
			continue
		}
		if word := lastWord(line, programs); word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if complaint != "" {
		words = append(words, complaint)
	}
	return strings.Join(words, "; ")
}

// lastWord is what a line of a log says of why its server ended.
func lastWord(line string, programs []string) string {
	if strings.Contains(line, "the database system is ") {
		return "" // starting up, or shutting down: what who connects meanwhile is told
	}
	for _, mark := range []string{"FATAL", "PANIC"} {
		if i := strings.Index(line, mark); i >= 0 {
			return line[i:]
		}
	}
	for _, program := range programs {
		if strings.HasPrefix(line, program+": ") {
			return line
		}
	}
	return ""
}

// complaintOf is the error of a line that the backend logged as a warning or worse.
func complaintOf(line string) string {
	var entry struct{ Level, Error string }
	if json.Unmarshal([]byte(line), &entry) != nil || entry.Level != "WARN" && entry.Level != "ERROR" {
		return ""
	}
	return strings.Join(strings.Fields(entry.Error), " ")
}
