package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/judge/compare"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
	"stormwave/lab/internal/service"
)

// errGate is the end of a comparison whose gates are not all passed.
var errGate = errors.New("not every gate is passed")

var errTwoForms = usageError{errors.New("choose one of --json and --markdown")}

// comparison is how two runs or commits are compared and shown.
type comparison struct {
	commits, force, allowInconclusive bool
	gates                             []string
	json, markdown                    bool
	junit                             string // the file that the gates' outcomes are written to; "" is none
}

func (l *lab) compare() *cobra.Command {
	var with comparison
	cmd := &cobra.Command{
		Use:   "compare A B [SPEC]",
		Short: "Compare two runs, or with --commits the backends of two commits, interleaved in the matrix of SPEC",
		Example: "  lab compare 2026-11-24T1846Z-study 2026-11-27T0304Z-study\n" +
			"  lab compare --commits main HEAD lab/matrices/quick.yaml --gate 'p99<=1.10'",
		Args: func(cmd *cobra.Command, args []string) error {
			if with.commits {
				return cobra.ExactArgs(3)(cmd, args)
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			if with.json && with.markdown {
				return errTwoForms
			}
			if with.junit != "" && len(with.gates) == 0 {
				return usageError{errors.New("--junit writes what the gates come to: give one, such as --gate 'p99<=1.10'")}
			}
			gates, err := compare.ParseGates(with.gates)
			if err != nil {
				return usageError{fmt.Errorf("nothing was compared:\n%w", err)}
			}
			if with.commits {
				return l.compareCommits(cmd.Context(), layout, args, with, gates, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return compareRuns(layout, args, with, gates, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(
		&with.commits, "commits", false, "A and B are commits: build both backends, run both in each block of SPEC",
	)
	flags.BoolVar(&with.force, "force", false, "compare runs of unlike hosts, plans or scripts all the same, and say so")
	flags.StringArrayVar(
		&with.gates, "gate", nil,
		"exit with 3 unless this holds in every cell: p99<=1.10 (B/A, the whole interval), error_ratio<=0.01 (of B); "+
			"repeatable",
	)
	flags.BoolVar(&with.allowInconclusive, "allow-inconclusive", false, "let inconclusive gates pass")
	flags.BoolVar(&with.json, "json", false, "for programs")
	flags.BoolVar(&with.markdown, "markdown", false, "as Markdown, for a comment on a pull request")
	flags.StringVar(&with.junit, "junit", "", "write each gate's outcome in each cell to this file, as JUnit's XML")
	return cmd
}

// compareRuns compares two runs that have been.
func compareRuns(
	layout service.Layout, names []string, with comparison, gates []compare.Gate, out, stderr io.Writer,
) error {
	results := resultsDir(layout)
	var runs []compare.Run
	for _, name := range names {
		if err := knownRun(results, name); err != nil {
			return err
		}
		run, err := loadRun(results, name)
		if err != nil {
			return err
		}
		runs = append(runs, toCompare(run))
	}
	c := compare.Runs(runs[0], runs[1])
	switch {
	case len(c.Unlike) > 0 && !with.force:
		return usageError{fmt.Errorf("%s and %s are unlike; run both on the same machine with the same plan and scripts, "+
			"or compare them all the same with --force:\n  %s",
			c.A, c.B, strings.Join(c.Unlike, "\n  "))}
	case len(c.Unlike) > 0 && with.json:
		fmt.Fprintf(
			stderr, "WARNING: %s and %s are unlike, and are compared by force: %s\n", c.A, c.B, strings.Join(c.Unlike, "; "),
		)
	}
	return with.show(c, gates, out)
}

// compareCommits runs the backends of two commits in one matrix, and compares them.
func (l *lab) compareCommits(
	ctx context.Context, layout service.Layout, args []string, with comparison, gates []compare.Gate, out,
	stderr io.Writer,
) error {
	progress := out
	if with.json || with.markdown {
		progress = stderr
	}
	name, hashes, err := l.commits(ctx, layout, [2]string{args[0], args[1]}, args[2], progress)
	if err != nil && !errors.Is(err, errIncomplete) {
		return err
	}
	run, loadErr := loadRun(resultsDir(layout), name)
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	return errors.Join(err, with.show(compare.Halves(toCompare(run), matrix.Commit, hashes[0], hashes[1]), gates, out))
}

func toCompare(run report.Run) compare.Run {
	return compare.Run{
		Name:     run.Name,
		Plan:     run.Plan,
		Host:     run.Host,
		Records:  run.Records,
		Defaults: run.Services.Defaults(),
	}
}

// show prints the comparison. It is an error if a gate is not passed.
func (with comparison) show(c compare.Comparison, gates []compare.Gate, out io.Writer) error {
	rulings := c.Judge(gates)
	if with.json {
		if err := writeJSON(out, struct {
			compare.Comparison
			Gates []compare.Ruling `json:"gates"`
		}{c, rulings}); err != nil {
			return fmt.Errorf("print comparison: %w", err)
		}
	} else {
		fmt.Fprint(out, c.Text(rulings, with.markdown))
	}
	if with.junit != "" {
		text, err := c.JUnit(rulings, with.allowInconclusive)
		if err == nil {
			err = record.WriteFile(with.junit, text)
		}
		if err != nil {
			return err
		}
	}
	var not []string
	for _, r := range rulings {
		if r.Fails(with.allowInconclusive) {
			not = append(not, strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", r.Gate, r.Outcome, r.Scenario, r.Cell)))
		}
	}
	if len(not) > 0 {
		return fmt.Errorf("%w:\n  %s", errGate, strings.Join(not, "\n  "))
	}
	return nil
}
