package toolchain

import "testing"

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]string{
		"15.18 (Debian 15.18-0+deb12u1)": "15.18",
		"v2.0.0":                         "2.0.0",
		"18beta1":                        "18",
		"1.24.1-1+deb13u2":               "1.24.1",
		"156.0.8078.79":                  "156.0.8078.79",
		"3.12.0-rc.1":                    "3.12.0",
	} {
		got, err := ParseVersion(text)
		if err != nil || got.String() != want {
			t.Errorf("ParseVersion(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "(devel)", "unknown", "99999999999999999999"} {
		if got, err := ParseVersion(text); err == nil {
			t.Errorf("ParseVersion(%q) = %v, want an error", text, got)
		}
	}
}

func TestVersionLess(t *testing.T) {
	for _, c := range []struct {
		a, b Version
		want bool
	}{
		{Version{1, 18, 0}, Version{1, 21}, true},
		{Version{1, 21, 0}, Version{1, 21}, false},
		{Version{1, 21}, Version{1, 21, 0}, false},
		{Version{1, 9}, Version{1, 21}, true},
		{Version{2}, Version{1, 21}, false},
		{Version{15, 18}, Version{15}, false},
		{Version{0, 19, 1}, Version{0, 20}, true},
	} {
		if got := c.a.Less(c.b); got != c.want {
			t.Errorf("%v less than %v: %t, want %t", c.a, c.b, got, c.want)
		}
	}
}
