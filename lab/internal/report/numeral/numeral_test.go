package numeral

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0004: "<0.001", 0.0521: "0.052", 0.0996: "0.10", 0.42: "0.42", 9.994: "9.99", 9.996: "10.0", 57.34: "57.3",
		99.96: "100", 412.4: "412", 1650.4: "1,650", 999_999.6: "1,000,000", -3.5: "-3.50", -12_345: "-12,345",
	} {
		if got := Figure(v); got != want {
			t.Errorf("Figure(%v) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{
		0: "0", 0.00004: "<0.01", 0.1269: "12.69", 0.99973: "99.97", 0.99999: ">99.99", 1: "100", 1.5: "150.00",
	} {
		if got := Percent(v); got != want {
			t.Errorf("Percent(%v) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1_234_567: "1,234,567", -1500: "-1,500",
		0.25: "0.25", -0.5: "-0.5", 1e-7: "0", -1e-7: "0",
	} {
		if got := Tick(v); got != want {
			t.Errorf("Tick(%v) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{
		0: "0", 7: "7", 85_358: "85,358", 123: "123", -123: "-123", 1e9: "1,000,000,000",
	} {
		if got := Count(v); got != want {
			t.Errorf("Count(%v) = %s, want %s", v, got, want)
		}
	}
}
