package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

func init() { cobra.EnableCommandSorting = false } // they are listed in the order of use

// about is what the lab says of itself, and where things lie.
const about = `stormwave measures which pool size, time limits, replica or pooler a service on PostgreSQL needs.

A spec says what is compared: lab/matrices has some, and a README. A run leaves results/RUN.md,
results/RUN/report.html and its records. Programs, servers' data and logs of the running stack lie in .lab.
mage -l lists the commands that mage builds and calls.`

// stage is what somebody does with the lab, by its commands.
type stage struct {
	title    string
	commands []*cobra.Command
}

// stages are all commands that people call, in the order of use.
func (l *lab) stages() []stage {
	return []stage{
		{"Set up:", []*cobra.Command{l.consentFlag(l.setup()), l.doctor()}},
		{"Measure:", []*cobra.Command{
			l.plan(),
			l.runs(l.runSpec()),
			l.runs(l.tune()),
			l.runs(l.compare()),
			l.runs(l.resume()),
			l.runs(l.soak()),
		}},
		{"Read what was measured:", []*cobra.Command{l.report(), l.diagnose(), l.history(), l.open(), l.verify()}},
		{"The stack by itself:", []*cobra.Command{l.consentFlag(l.up()), l.status(), l.psql(), l.logs(), l.down()}},
		{"To change the lab:", []*cobra.Command{l.dashboards()}},
	}
}

// add gives root the commands of the stages, each with its help.
func (l *lab) add(root *cobra.Command) {
	for _, s := range l.stages() {
		root.AddGroup(&cobra.Group{ID: s.title, Title: s.title})
		for _, cmd := range s.commands {
			cmd.GroupID = s.title
			l.explainArguments(cmd)
			root.AddCommand(cmd)
		}
		root.SetHelpCommandGroupID(s.title)
	}
}

// explainArguments makes a command answer wrong arguments with its usage and what there is to name.
func (l *lab) explainArguments(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, given []string) error {
		err := check(cmd, given)
		if err == nil {
			return nil
		}
		said := "an argument is missing"
		if len(given) > 0 {
			said = fmt.Sprintf("it does not take %q", given)
		}
		return usageError{fmt.Errorf("%s: %s\nusage: %s%s", cmd.CommandPath(), said, cmd.UseLine(), l.there(cmd.Use))}
	}
}

// there lists what the arguments of a command's usage may be, a line for each kind.
func (l *lab) there(use string) string {
	layout, err := l.layout()
	if err != nil {
		return ""
	}
	var text strings.Builder
	for _, word := range strings.Fields(use) {
		switch strings.Trim(word, "[]") {
		case "SPEC":
			specs, _ := filepath.Glob(filepath.Join(layout.Root, "lab", "matrices", "*.yaml"))
			for i, path := range specs {
				if specs[i], err = filepath.Rel(layout.Root, path); err != nil {
					specs[i] = path
				}
			}
			list(&text, "SPEC", specs, "write one as lab/matrices/README.md says")
		case "RUN", "A":
			runs, _ := record.Names(resultsDir(layout))
			slices.Reverse(runs) // the newest first
			list(&text, word, runs, "make one: lab run lab/matrices/quick.yaml")
		case "SERVICE":
			list(&text, word, service.Names(), "")
		}
	}
	return text.String()
}

func list(text *strings.Builder, word string, names []string, none string) {
	if len(names) == 0 {
		names = []string{"there is none; " + none}
	}
	fmt.Fprintf(text, "\n%s: %s", word, strings.Join(names, ", "))
}
