package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A load is an attack on whoever did not ask for it. It goes to this machine, or to a
// host that the spec names, and nowhere else: what is shot at is checked before the
// first shot and told, and k6 itself refuses to connect to any other address, whatever
// a script says or an answer redirects to.

// lookupTimeout bounds the look-up of a name.
const lookupTimeout = 5 * time.Second

// lookup finds the addresses of a name; a net.Resolver has it.
type lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// Target is what is shot at.
type Target struct {
	URL   string
	Host  string
	Addrs []netip.Addr // all that the host has
	Named bool         // it is another machine, which the spec names
}

// String tells a person what will be shot at.
func (t Target) String() string {
	if !t.Named {
		return t.URL + ", on this machine"
	}
	return fmt.Sprintf("%s, ANOTHER MACHINE (%s), which the spec names under allow_targets", t.URL, addresses(t.Addrs))
}

// Aim finds out what a base URL leads to. It is an error if that is not this machine,
// by each of its addresses, and not among the hosts that are allowed.
func Aim(ctx context.Context, baseURL string, allowed []string) (Target, error) {
	t, err := aim(ctx, baseURL, allowed, net.DefaultResolver.LookupNetIP)
	if err != nil {
		return Target{}, fmt.Errorf("aim the load: %w", err)
	}
	return t, nil
}

func aim(ctx context.Context, baseURL string, allowed []string, find lookup) (Target, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Target{}, fmt.Errorf("%q is not the URL of a backend: write http://host:port", baseURL)
	}
	t := Target{URL: baseURL, Host: strings.ToLower(u.Hostname())}
	if addr, err := netip.ParseAddr(t.Host); err == nil {
		t.Addrs = []netip.Addr{addr.Unmap()}
	} else if t.Addrs, err = resolve(ctx, t.Host, find); err != nil {
		return Target{}, err
	}
	foreign := slices.DeleteFunc(slices.Clone(t.Addrs), netip.Addr.IsLoopback)
	if len(foreign) == 0 {
		return t, nil
	}
	if !names(allowed, t) {
		return Target{}, fmt.Errorf("%s leads to %s, which is not this machine, and nothing was sent there; if it is yours to shoot at, name it in the spec: allow_targets: [%s]",
			baseURL, addresses(foreign), t.Host)
	}
	t.Named = true
	return t, nil
}

func resolve(ctx context.Context, host string, find lookup) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, err := find(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil {
		return nil, fmt.Errorf("find the address of %s: %w", host, err)
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, nil
}

// names says whether one of the allowed hosts is the target, by its name or, where it
// was given as an address, by that.
func names(allowed []string, t Target) bool {
	return slices.ContainsFunc(allowed, func(host string) bool {
		if strings.EqualFold(host, t.Host) {
			return true
		}
		a, errA := netip.ParseAddr(host)
		b, errB := netip.ParseAddr(t.Host)
		return errA == nil && errB == nil && a.Unmap() == b.Unmap()
	})
}

func addresses(addrs []netip.Addr) string {
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// envFence holds the networks that k6 refuses to connect to.
const envFence = "K6_BLACKLIST_IPS"

// fence lists every network but this machine's own and the target's addresses, as k6
// reads them. k6 heeds it at each connection, after it has looked the name up.
func (t Target) fence() string {
	open := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, a := range t.Addrs {
		open = append(open, netip.PrefixFrom(a, a.BitLen()))
	}
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
