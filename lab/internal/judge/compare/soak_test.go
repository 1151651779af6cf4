//go:build soak

package compare

import "testing"

// The simulations with ten times the samples.

func TestSoakCoverage(t *testing.T) { simulateCoverage(t, 10) }

func TestSoakBootstrapIsTooShortForFew(t *testing.T) { simulateBootstrapIsTooShortForFew(t, 10) }

func TestSoakDaysThatDiffer(t *testing.T) { simulateDays(t, 10) }

func TestSoakAlarmsAndPower(t *testing.T) { simulateAlarmsAndPower(t, 10) }
