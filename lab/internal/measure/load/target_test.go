package load

import (
	"net/netip"
	"strings"
	"testing"
)

func TestAim(t *testing.T) {
	const elsewhere, noURL = "does not lead to a loopback address of this machine", "is not the URL of a backend"
	for url, want := range map[string]string{ // in the error; "": there is none
		"http://127.0.0.1:8080":          "",
		"http://127.9.9.9:1":             "",
		"http://[::1]:8080":              "",
		"http://[::ffff:127.0.0.1]:8080": "",

		"http://192.0.2.7:80":          elsewhere,
		"http://[::ffff:192.0.2.7]:80": elsewhere,
		"http://bench.example":         elsewhere,
		"http://localhost:8080":        elsewhere, // may lead anywhere
		"http://0.0.0.0:80":            elsewhere,
		"http://[::]:80":               elsewhere,
		"http://[fe80::1%25lo]:80":     elsewhere,
		"http://169.254.169.254":       elsewhere,
		"http://":                      elsewhere,
		"http://127.0.0.1@192.0.2.7":   noURL,
		"http://192.0.2.7#127.0.0.1":   noURL,
		"http://192.0.2.7?127.0.0.1":   noURL,
		"ftp://127.0.0.1":              noURL,
		"127.0.0.1:8080":               noURL,
		"":                             noURL,
	} {
		target, err := Aim(url)
		switch {
		case want == "" && (err != nil || target.String() != url+", on this machine"):
			t.Errorf("aim at %q: %s, %v", url, target, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("aim at %q: %v; want %q", url, err, want)
		}
	}
}

// Every address is either open or behind the fence.
func TestFence(t *testing.T) {
	for _, test := range []struct {
		target       string
		open, closed string
		most         int
	}{
		{
			"http://127.0.0.1",
			"127.0.0.1 127.255.255.255",
			"126.255.255.255 128.0.0.0 0.0.0.0 192.0.2.7 255.255.255.255 ::1 2001:db8::7",
			9,
		},
		{"http://[::1]:80", "127.0.0.1 ::1", "192.0.2.7 :: ::2 2001:db8::7", 136},
		{"http://[::ffff:127.0.0.1]", "127.0.0.1", "126.255.255.255 128.0.0.0 192.0.2.7 ::1", 9},
	} {
		target, err := Aim(test.target)
		if err != nil {
			t.Fatal(err)
		}
		var fence []netip.Prefix
		for text := range strings.SplitSeq(target.fence(), ",") {
			fence = append(fence, netip.MustParsePrefix(text))
		}
		if len(fence) > test.most {
			t.Errorf("%s: %d networks, want at most %d", test.target, len(fence), test.most)
		}
		for list, want := range map[string]bool{test.open: false, test.closed: true} {
			for text := range strings.FieldsSeq(list) {
				behind := false
				for _, p := range fence {
					behind = behind || p.Contains(netip.MustParseAddr(text))
				}
				if behind != want {
					t.Errorf("%s: %s is behind the fence: %v, want %v", test.target, text, behind, want)
				}
			}
		}
	}
}
