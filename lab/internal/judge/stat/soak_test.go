//go:build soak

package stat

import "testing"

// The simulations with ten times the samples and more.

func TestSoakCoverage(t *testing.T) { simulateCoverage(t, 10) }

func TestSoakBootstrapIsTooShortForSix(t *testing.T) { simulateBootstrapIsTooShortForSix(t, 10) }

func TestSoakBootstrapCoversBeyond(t *testing.T) { simulateBootstrapCoversBeyond(t, 10) }

func TestSoakFalseAlarms(t *testing.T) { simulateFalseAlarms(t, 20) }

func TestSoakPower(t *testing.T) { simulatePower(t, 10) }

func TestSoakEquivalence(t *testing.T) { simulateEquivalence(t, 30) }

func TestSoakTiedHoldsTheBest(t *testing.T) { simulateTiedHoldsTheBest(t, 10) }
