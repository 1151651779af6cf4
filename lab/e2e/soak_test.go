//go:build e2e && soak

package e2e

import "testing"

// A hundred times up and down in a row.
func TestSoakUpAndDownInAHurry(t *testing.T) { hurry(t, 100) }

// Every process that a trial needs is killed once in the middle of a trial, and each that
// runs between two trials there, too.
func TestSoakKilledProcessesCostNoMoreThanTheirTrial(t *testing.T) { killInTurn(t, victims) }

// Each fault of the gallery that can be run in seconds.
func TestSoakInjectedFaultsAreThereAndAreNamed(t *testing.T) { injectAndName(t, allFaults) }

// As TestDrawnSpecsEndWithAReason does: two thousand cells, in every topology and with every kind of load.
func TestSoakDrawnSpecsEndWithAReason(t *testing.T) { applyDrawn(t, 2, 6, 100, 20) }
