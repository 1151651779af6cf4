package load

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// found answers look-ups from a table.
func found(table map[string]string) lookup {
	return func(_ context.Context, _, host string) (addrs []netip.Addr, err error) {
		list, ok := table[host]
		if !ok {
			return nil, errors.New("no such host")
		}
		for text := range strings.FieldsSeq(list) {
			addrs = append(addrs, netip.MustParseAddr(text))
		}
		return addrs, nil
	}
}

func TestAim(t *testing.T) {
	find := found(map[string]string{
		"localhost": "127.0.0.1 ::1", "bench.example": "192.0.2.7 2001:db8::7", "mixed.example": "127.0.0.1 192.0.2.7",
		"mapped.example": "::ffff:192.0.2.7", "mapped-loopback.example": "::ffff:127.0.0.1", "empty.example": "",
	})
	for _, test := range []struct {
		url     string
		allowed []string
		want    string // of the target, or of the error
	}{
		{"http://127.0.0.1:8080", nil, "http://127.0.0.1:8080, on this machine"},
		{"http://127.9.9.9:1", nil, "http://127.9.9.9:1, on this machine"},
		{"http://[::1]:8080", nil, "http://[::1]:8080, on this machine"},
		{"http://[::ffff:127.0.0.1]:8080", nil, "http://[::ffff:127.0.0.1]:8080, on this machine"},
		{"http://localhost:8080", nil, "http://localhost:8080, on this machine"},
		{"http://LOCALHOST", nil, "http://LOCALHOST, on this machine"},
		{"http://mapped-loopback.example", nil, "http://mapped-loopback.example, on this machine"},
		{"http://bench.example", []string{"bench.example"}, "http://bench.example, ANOTHER MACHINE (192.0.2.7, 2001:db8::7), which the spec names under allow_targets"},
		{"https://Bench.Example:443", []string{"other", "bench.example"}, "https://Bench.Example:443, ANOTHER MACHINE (192.0.2.7, 2001:db8::7), which the spec names under allow_targets"},
		{"http://192.0.2.7:80", []string{"192.0.2.7"}, "http://192.0.2.7:80, ANOTHER MACHINE (192.0.2.7), which the spec names under allow_targets"},
		{"http://[2001:0db8::7]:80", []string{"2001:db8::7"}, "http://[2001:0db8::7]:80, ANOTHER MACHINE (2001:db8::7), which the spec names under allow_targets"},

		{"http://192.0.2.7:80", nil, "not this machine, and nothing was sent there"},
		{"http://192.0.2.7:80", []string{"192.0.2.8", "bench.example"}, "allow_targets: [192.0.2.7]"},
		{"http://bench.example", nil, "leads to 192.0.2.7, 2001:db8::7, which is not this machine"},
		{"http://bench.example", []string{"bench.example.org", "192.0.2.7"}, "allow_targets: [bench.example]"},
		{"http://mixed.example", nil, "leads to 192.0.2.7, which is not this machine"},
		{"http://mapped.example", nil, "leads to 192.0.2.7, which is not this machine"},
		{"http://0.0.0.0:80", nil, "not this machine"},
		{"http://[::]:80", nil, "not this machine"},
		{"http://[fe80::1%25lo]:80", nil, "not this machine"},
		{"http://169.254.169.254", nil, "not this machine"},
		{"http://empty.example", nil, "find the address of empty.example"},
		{"http://nowhere.example", []string{"nowhere.example"}, "find the address of nowhere.example"},
		{"http://127.0.0.1@192.0.2.7", nil, "is not the URL of a backend"},
		{"http://192.0.2.7#127.0.0.1", nil, "is not the URL of a backend"},
		{"http://192.0.2.7?127.0.0.1", nil, "is not the URL of a backend"},
		{"ftp://127.0.0.1", nil, "is not the URL of a backend"},
		{"127.0.0.1:8080", nil, "is not the URL of a backend"},
		{"http://", nil, "is not the URL of a backend"},
		{"", nil, "is not the URL of a backend"},
	} {
		got, err := aim(t.Context(), test.url, test.allowed, find)
		text := got.String()
		if err != nil {
			text = err.Error()
		}
		good := strings.Contains(test.want, ", on this machine") || strings.Contains(test.want, "ANOTHER MACHINE")
		if good != (err == nil) || good && text != test.want || !strings.Contains(text, test.want) {
			t.Errorf("aim at %q with %v: %s; want %q", test.url, test.allowed, text, test.want)
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
		{"127.0.0.1", "127.0.0.1 127.255.255.255", "126.255.255.255 128.0.0.0 0.0.0.0 192.0.2.7 255.255.255.255 ::1 2001:db8::7", 9},
		{"192.0.2.7", "127.0.0.1 192.0.2.7", "192.0.2.6 192.0.2.8 10.0.0.1 ::1 fe80::1", 40},
		{"::1", "127.0.0.1 ::1", "192.0.2.7 :: ::2 2001:db8::7", 136},
		{"192.0.2.7 2001:db8::7", "127.0.0.1 192.0.2.7 2001:db8::7", "192.0.2.9 2001:db8::8 ::1", 168},
	} {
		var target Target
		for text := range strings.FieldsSeq(test.target) {
			target.Addrs = append(target.Addrs, netip.MustParseAddr(text))
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

// The warm-up follows no redirect at all.
func TestWarmIsNotLedElsewhere(t *testing.T) {
	b := newBackend(t)
	b.healthy = true
	b.elsewhere = "http://192.0.2.7:80/api/feed"
	if err := Warm(t.Context(), b.URL); err == nil || !strings.Contains(err.Error(), http.StatusText(http.StatusTemporaryRedirect)) {
		t.Errorf("got %v, want the redirect itself", err)
	}
}
