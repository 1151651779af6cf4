//go:build soak

package cli

import "testing"

// Ten thousand mutations: half of them of specs, half of the files of runs.

func TestSoakMutationsOfSpecs(t *testing.T) { mutateSpecs(t, 5_000) }

func TestSoakMutationsOfRuns(t *testing.T) { mutateRuns(t, 5_000) }
