package load

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// A load is an attack on whoever did not ask for it. It goes to this machine and nowhere
// else: the target is checked before the first trial and told, and k6 itself refuses to
// connect to any other address, whatever a script says or an answer redirects to.

// Target is what the load runs against: a loopback address.
type Target struct {
	URL  string
	addr netip.Addr
}

// String tells a person what the load will run against.
func (t Target) String() string { return t.URL + ", on this machine" }

// Aim finds out what a base URL leads to. It is an error if that is not a loopback address;
// a name is none, for what it leads to may change.
func Aim(baseURL string) (Target, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Target{}, fmt.Errorf("aim the load: %q is not the URL of a backend: want http://address:port", baseURL)
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil || !addr.Unmap().IsLoopback() {
		return Target{}, fmt.Errorf("aim the load: %s does not lead to a loopback address of this machine, "+
			"and nothing was sent there", baseURL)
	}
	return Target{URL: baseURL, addr: addr.Unmap()}, nil
}

// envFence holds the networks that k6 refuses to connect to.
const envFence = "K6_BLACKLIST_IPS"

// fence lists every network but this machine's own and the target's address, as k6 reads
// them. k6 heeds it at each connection, after it has looked the name up.
func (t Target) fence() string {
	open := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.PrefixFrom(t.addr, t.addr.BitLen())}
	var closed []string
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		for _, p := range without(netip.MustParsePrefix(all), open) {
			closed = append(closed, p.String())
		}
	}
	return strings.Join(closed, ",")
}

// without returns the fewest prefixes that make up p less what is open.
func without(p netip.Prefix, open []netip.Prefix) []netip.Prefix {
	if !slices.ContainsFunc(open, p.Overlaps) {
		return []netip.Prefix{p}
	}
	if slices.ContainsFunc(open, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) }) {
		return nil
	}
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	high := netip.PrefixFrom(withBit(p.Addr(), p.Bits()), p.Bits()+1)
	return append(without(low, open), without(high, open)...)
}

// withBit sets one bit of an address, the first being 0.
func withBit(a netip.Addr, bit int) netip.Addr {
	bytes := a.AsSlice()
	bytes[bit/8] |= 0x80 >> (bit % 8)
	set, _ := netip.AddrFromSlice(bytes) // as long as before
	return set
}
