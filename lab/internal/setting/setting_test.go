package setting

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// PgBouncer writes booleans as 0 and 1, and times in seconds.
func TestPoolerTook(t *testing.T) {
	for _, tt := range []struct {
		asked, shown string
		same         bool
	}{
		{"Transaction", "transaction", true},
		{"session", "transaction", false},
		{"yes", "1", true},
		{"on", "1", true},
		{"True", "1", true},
		{"off", "0", true},
		{"no", "1", false},
		{"120.0", "120", true},
		{"120", "120.000000", true},
		{"0.5", "0.500000", true},
		{".5", "0.5", true},
		{"0x14", "20", true},
		{" 20 ", "20", true},
		{"20", "200", false},
		{"2s", "2", false},
		{"extra_float_digits,search_path", "extra_float_digits, search_path", true},
		{"DISCARD ALL", "discard all", true},
		{"", "1", false},
	} {
		if got := PoolerTook(tt.asked, tt.shown); got != tt.same {
			t.Errorf("%q and %q are the same: %t; want %t", tt.asked, tt.shown, got, tt.same)
		}
	}
}

// Programs of Go write durations, sizes and numbers in one spelling.
func TestSame(t *testing.T) {
	for _, tt := range []struct {
		asked, read string
		same        bool
	}{
		{"1000ms", "1s", true},
		{"1.5s", "1500ms", true},
		{"1s", "2s", false},
		{"24MiB", "25165824", true},
		{"24MiB", "24576KiB", true},
		{"24MiB", "24MB", false},
		{"0.50", "0.5", true},
		{"true", "on", true},
		{"off", "false", true},
		{"off", "on", false},
		{"a", "A", false},
		{"100", "100", true},
		{"100", "1e2", true},
	} {
		if got := Same(tt.asked, tt.read); got != tt.same {
			t.Errorf("%q and %q are the same: %t; want %t", tt.asked, tt.read, got, tt.same)
		}
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"0":     0,
		"1024":  1024,
		"7B":    7,
		"2KiB":  2048,
		"24MiB": 24 << 20,
		"1GiB":  1 << 30,
		"1TiB":  1 << 40,
	} {
		if got, err := Bytes(text); err != nil || got != want {
			t.Errorf("Bytes(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "24MB", "24M", "-1", "1.5GiB", "MiB", "9999999TiB", "24 MiB"} {
		if got, err := Bytes(text); err == nil {
			t.Errorf("Bytes(%q) = %d; want an error", text, got)
		}
	}
}

func TestNote(t *testing.T) {
	var r Reading
	r.Note("a", "primary", "8MB", true)
	r.Note("a", "replica", "8MB", true)
	r.Note("b", "primary", "2", true)
	r.Note("b", "replica", "3", true)
	r.Note("c", "primary", "4", false)
	r.Note("c", "replica", "4", true)
	r.Unconfirm("d")
	r.Unconfirm("d")
	want := Reading{
		Values:      map[string]string{"a": "8MB", "b": "2, 3 on the replica", "c": "4"},
		Same:        []string{"a"},
		Unconfirmed: []string{"d"},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("reading (-want +got):\n%s", diff)
	}
}
