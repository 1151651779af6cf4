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
		got, err := parseVersion(text)
		if err != nil || got.String() != want {
			t.Errorf("parseVersion(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "(devel)", "unknown", "99999999999999999999"} {
		if got, err := parseVersion(text); err == nil {
			t.Errorf("parseVersion(%q) = %v, want an error", text, got)
		}
	}
}

func TestVersionLess(t *testing.T) {
	for _, c := range []struct {
		a, b version
		want bool
	}{
		{version{1, 18, 0}, version{1, 21}, true},
		{version{1, 21, 0}, version{1, 21}, false},
		{version{1, 21}, version{1, 21, 0}, false},
		{version{1, 9}, version{1, 21}, true},
		{version{2}, version{1, 21}, false},
		{version{15, 18}, version{15}, false},
		{version{0, 19, 1}, version{0, 20}, true},
	} {
		if got := c.a.less(c.b); got != c.want {
			t.Errorf("%v less than %v: %t, want %t", c.a, c.b, got, c.want)
		}
	}
}

func TestPrometheusRelease(t *testing.T) {
	for module, want := range map[string]string{"0.312.0": "3.12.0", "0.305.2": "3.5.2", "3.12.0": "3.12.0"} {
		v, err := parseVersion(module)
		if err != nil {
			t.Fatal(err)
		}
		if got := prometheusRelease(v).String(); got != want {
			t.Errorf("module %s is release %s, want %s", module, got, want)
		}
	}
}
