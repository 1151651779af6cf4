package matrix

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var hostText = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

// allowTargets reads the hosts, besides this machine, that may be shot at.
func (p *parser) allowTargets(n *yaml.Node) {
	items := p.list(n, "allow_targets")
	if len(items) > MaxTargets {
		p.fault(n, "allow_targets has %d hosts; at most %d are allowed", len(items), MaxTargets)
		return
	}
	for _, item := range items {
		text, ok := p.scalar(item, "a host in allow_targets")
		if !ok {
			continue
		}
		host := strings.ToLower(text)
		switch {
		case !isHost(host):
			p.fault(item, "a host in allow_targets must be a name or an address, without port or *, not %s", quote(text))
		case slices.Contains(p.spec.AllowTargets, host):
			p.fault(item, "duplicate host %s in allow_targets", quote(host))
		default:
			p.spec.AllowTargets = append(p.spec.AllowTargets, host)
		}
	}
}

// isHost says whether text is a host's name or its address. Whole networks are none:
// who is shot at is to be named.
func isHost(text string) bool {
	addr, err := netip.ParseAddr(text)
	if err == nil {
		return addr.Zone() == ""
	}
	return len(text) <= 253 && hostText.MatchString(text)
}
