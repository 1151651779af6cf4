package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
)

func (l *lab) diagnose() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "diagnose RUN",
		Short:   "Say what limited each cell of a run, by what evidence, and what to try next",
		Example: "  lab diagnose 2026-11-27T0304Z-study",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			results := resultsDir(layout)
			if err := knownRun(results, args[0]); err != nil {
				return err
			}
			run, unreadable, err := loadReadable(results, args[0])
			if err != nil {
				return err
			}
			cells := diagnose.Run(run.Plan, run.Records, run.Services)
			out := cmd.OutOrStdout()
			if asJSON {
				if err := writeJSON(out, cells); err != nil {
					return fmt.Errorf("write diagnosis: %w", err)
				}
			} else {
				fmt.Fprint(out, report.DiagnosisText(cells))
			}
			for _, line := range unreadable {
				fmt.Fprintf(cmd.ErrOrStderr(), "excluded: %v\n", line)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs")
	return cmd
}

// loadReadable reads a run, and as many of its records as can be read; it returns why
// the others cannot.
func loadReadable(results, name string) (report.Run, []error, error) {
	run, err := loadRun(results, name)
	var corrupt *record.CorruptError
	if !errors.As(err, &corrupt) {
		return run, nil, err
	}
	dir, err := record.NewDir(results, name)
	if err != nil {
		return run, nil, err
	}
	var lost []error
	run.Records, lost, err = record.ReadEach(dir.Records())
	return run, lost, err
}
