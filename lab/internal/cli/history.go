package cli

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/judge/compare"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// past is which runs a history is of, and how it is shown.
type past struct {
	results        string // "" is that of the checkout
	last           int    // of each line; 0 is all
	json, markdown bool
}

func (l *lab) history() *cobra.Command {
	var of past
	cmd := &cobra.Command{
		Use:     "history [SPEC]",
		Short:   "Show what changed beyond noise over the runs of a spec, by its file or name, or over all, and since which",
		Example: "  lab history\n  lab history lab/matrices/study.yaml --last 5 --markdown",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			if of.json && of.markdown {
				return errTwoForms
			}
			if of.last != 0 && of.last < 2 {
				return usageError{fmt.Errorf("--last is %d: one run has nothing to be compared with; give 2 or more", of.last)}
			}
			if of.results == "" {
				of.results = resultsDir(layout)
			}
			spec := ""
			if len(args) > 0 {
				if spec, err = specName(layout, args[0]); err != nil {
					return err
				}
			}
			return of.show(spec, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&of.results, "results", "", "the directory of the runs (default: results in the checkout)")
	flags.IntVar(&of.last, "last", 0, "of each spec and kind of machine only so many of the newest runs (default: all)")
	flags.BoolVar(&of.json, "json", false, "for programs")
	flags.BoolVar(&of.markdown, "markdown", false, "as Markdown")
	return cmd
}

// specName is the name of a spec that is given by its file, or the name itself.
func specName(layout service.Layout, given string) (string, error) {
	if filepath.Ext(given) == "" && !strings.ContainsRune(given, filepath.Separator) {
		return given, nil
	}
	_, spec, err := readSpec(layout, given)
	if err != nil {
		return "", err
	}
	return spec.Name, nil
}

// show tells the history of the runs of a spec, or of all. A run that cannot be read is left out, and named.
func (of past) show(spec string, out, stderr io.Writer) error {
	defer limitMemory()()
	names, err := record.Names(of.results)
	if err != nil {
		return err
	}
	var runs []compare.Run
	there := make(map[string]bool)
	for _, name := range names {
		run, err := loadRun(of.results, name)
		if err != nil {
			fmt.Fprintf(stderr, "left out: %s: %v\n", name, err)
			continue
		}
		if there[run.Plan.Name] = true; spec == "" || run.Plan.Name == spec {
			runs = append(runs, toCompare(run))
		}
	}
	if spec != "" && !there[spec] {
		known := strings.Join(slices.Sorted(maps.Keys(there)), ", ")
		if known == "" {
			known = "none"
		}
		return usageError{fmt.Errorf("no run in %s is of the spec %q; there are runs of: %s", of.results, spec, known)}
	}
	lines := compare.History(runs, of.last)
	if of.json {
		if err := writeJSON(out, lines); err != nil {
			return fmt.Errorf("print history: %w", err)
		}
		return nil
	}
	_, err = io.WriteString(out, compare.HistoryText(lines, of.markdown))
	return err
}
