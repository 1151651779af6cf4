package cli

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/dashboard"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

func (l *lab) dashboards() *cobra.Command {
	return &cobra.Command{
		Use:     "dashboards",
		Short:   "Write the Grafana dashboards that the table of metrics gives",
		Example: "  lab dashboards",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			files, err := dashboard.Files(service.Catalog())
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(files)) {
				path := filepath.Join("dashboards", name)
				if err := record.WriteFile(filepath.Join(layout.Root, path), files[name]); err != nil {
					return fmt.Errorf("write a dashboard: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), path)
			}
			return nil
		},
	}
}
