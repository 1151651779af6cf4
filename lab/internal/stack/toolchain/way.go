package toolchain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// way says how one missing program will be got.
type way struct {
	Requirement
	packages []string // of the distribution, to be installed first
	packaged bool     // the distribution's package of the program serves
	fresh    bool     // that package is not installed yet: nobody uses its service
}

// installs reports whether the program comes by the installation of its own package.
func (w way) installs() bool { return w.packaged && w.Debian.Unpack == "" }

// unpacks reports whether the program is taken out of its package.
func (w way) unpacks() bool { return w.packaged && w.Debian.Unpack != "" }

// Intent is what a set-up is about to do, for people.
type Intent struct {
	Install []string // packages of the distribution, "name version"; the version is left out where it is not known yet
	Build   []string // what is built or unpacked into the checkout's .lab/tools
	Notes   []string // what is good to know before one agrees
}

// noCluster is said before PostgreSQL is installed.
const noCluster = "PostgreSQL is installed without a cluster: nothing of it starts, now or at the next boot."

// plan is the ways for all that is missing, with what apt knows of their packages.
type plan struct {
	ways  []way
	known map[string]offer
	lists bool // apt knows all packages that are asked for
}

// planFor chooses a way for each missing program, and says why there is none for others.
// It changes nothing.
func planFor(ctx context.Context, missing []Requirement) (plan, error) {
	p := plan{lists: true}
	var errs []error
	hasApt := onPath("apt-get") != ""
	if hasApt {
		var err error
		if p.known, err = offers(ctx, packagesOf(missing)); err != nil {
			errs, hasApt = append(errs, err), false // what Go builds can be had all the same
		}
	}
	for _, r := range missing {
		w, err := wayTo(r, p.known, hasApt)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.ways = append(p.ways, w)
	}
	if hasApt {
		there := installed(ctx, p.packages())
		for i, w := range p.ways {
			if !w.installs() { // its own package may be there, too old
				p.ways[i].packages = slices.DeleteFunc(w.packages, func(name string) bool { return there[name] })
			}
			p.ways[i].fresh = w.installs() && !there[w.Debian.Name]
		}
		for _, name := range p.packages() {
			p.lists = p.lists && p.known[name].version != ""
		}
	}
	return p, errors.Join(errs...)
}

// packagesOf are all packages that may be asked for.
func packagesOf(missing []Requirement) []string {
	names := []string{"npm"}
	for _, r := range missing {
		if r.Debian != nil {
			names = append(names, r.Debian.Name)
		}
		if r.Source != nil {
			names = append(names, slices.Concat(buildPackages, r.Source.Needs)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// wayTo chooses: the distribution's package where it is new enough, else Go's modules, else
// a newer source package of Debian's.
func wayTo(r Requirement, known map[string]offer, hasApt bool) (way, error) {
	w := way{Requirement: r}
	refused := "there is no apt-get here"
	if hasApt && r.Debian != nil {
		found := known[r.Debian.Name]
		v, err := found.release()
		switch {
		case err == nil && !v.Less(r.Min) && (r.Below == nil || v.Less(r.Below)):
			w.packaged = true
			if r.Debian.Unpack == "" {
				w.packages = []string{r.Debian.Name}
			}
			return w, nil
		case found.version == "" && r.GoPackage == "" && r.Source == nil:
			w.packaged, w.packages = true, []string{r.Debian.Name} // the lists may only be empty
			return w, nil
		case found.version != "":
			refused = fmt.Sprintf("the distribution has %s %s", r.Debian.Name, found.version)
		}
	}
	switch {
	case r.GoPackage != "":
		return w, nil
	case hasApt && r.Source != nil:
		w.packages = slices.Concat(buildPackages, r.Source.Needs)
		return w, nil
	case r.fetch != nil:
		if hasApt && r.npm && onPath("npm") == "" {
			w.packages = []string{"npm"}
		}
		return w, nil
	}
	need := strings.TrimSpace(r.Name + " " + r.need())
	return w, fmt.Errorf("set up %s: %s; to mend it: put %s on PATH, or enter `nix develop`", r.Name, refused, need)
}

// packages are those that are to be installed, each once.
func (p plan) packages() []string {
	var names []string
	for _, w := range p.ways {
		names = append(names, w.packages...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// services are those that come with the packages and must not be left to start.
func (p plan) services() []string {
	var names []string
	for _, w := range p.ways {
		if w.fresh && w.Debian.Service != "" {
			names = append(names, w.Debian.Service)
		}
	}
	return names
}

// intent tells people what the plan is.
func (p plan) intent() Intent {
	var i Intent
	for _, name := range p.packages() {
		i.Install = append(i.Install, strings.TrimSpace(name+" "+p.known[name].version))
	}
	for _, w := range p.ways {
		switch {
		case w.installs():
			if w.Name == "postgres" {
				i.Notes = append(i.Notes, noCluster)
			}
		case w.unpacks():
			i.Build = append(i.Build, fmt.Sprintf("%s (out of Debian's package %s)", w.Name, w.Debian.Name))
		case w.GoPackage != "":
			i.Build = append(i.Build, w.Name+" (Go)")
		case w.Source != nil:
			i.Build = append(i.Build, fmt.Sprintf("%s (Debian's source package of %s)", w.Name, w.Source.Suite))
		default:
			i.Build = append(i.Build, w.Name+" (npm)")
		}
	}
	for _, service := range p.services() {
		i.Notes = append(
			i.Notes, "The service "+service+" of the distribution is kept from starting, now and at the next boot.",
		)
	}
	if len(i.Install) > 0 && !proc.IsRoot() {
		i.Notes = append(i.Notes, "Packages are installed through sudo.")
	}
	return i
}
