package backends

import (
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/app/contract"
	"stormwave/lab/internal/backend"
)

// Every manifest that comes with the lab can be read.
func TestBundledManifests(t *testing.T) {
	if len(Names()) == 0 {
		t.Fatal("there are none")
	}
	for _, name := range Names() {
		b, err := named(name)
		if err != nil {
			t.Errorf("%s:\n%v", name, err)
		} else if b.Name != name {
			t.Errorf("the manifest in %s is of %q", name, b.Name)
		}
	}
}

// What the manifest of the bundled backend says is what the backend does.
func TestDefaultIsTheContract(t *testing.T) {
	b := Default()
	for _, f := range contract.Fields {
		if f.Spec == "" {
			continue
		}
		s := b.Setting(f.Name)
		if s == nil {
			t.Errorf("the manifest does not say how %s is set", f.Name)
			continue
		}
		want := backend.Setting{
			Name: f.Name, Help: f.Help, Kind: backend.Kind(f.Kind), Values: f.Values, Spec: f.Spec, Env: f.Env,
			Needs: f.Needs, AtMost: f.AtMost, Under: f.Under, Unlike: f.Unlike, Way: f.Way,
			Unit: s.Unit, Unlimited: s.Unlimited, None: s.None, Read: s.Read,
		}
		noneIsEmpty := cmp.Transformer("list", func(l []string) []string { return append([]string{}, l...) })
		if diff := cmp.Diff(want, *s, noneIsEmpty); diff != "" {
			t.Errorf("%s (-contract +manifest):\n%s", f.Name, diff)
		}
		if word, err := s.Spell(f.Default); err != nil || word != f.Default {
			t.Errorf("%s %s is spelt %q, %v", f.Name, f.Default, word, err)
		}
	}
	for _, s := range b.Settings {
		if !slices.ContainsFunc(contract.Fields, func(f contract.Field) bool { return f.Name == s.Name }) {
			t.Errorf("the backend has no setting %s", s.Name)
		}
	}
}

func TestDefaultTellsWhatTheLabReads(t *testing.T) {
	names := reflect.ValueOf(backend.Series)
	for i := range names.NumField() {
		name := names.Field(i).String()
		if !slices.Contains(contract.Metrics, name) || Default().Metrics.Names[name] != name {
			t.Errorf("%s is %q, which the backend does not export", names.Type().Field(i).Name, name)
		}
	}
	for _, values := range []struct {
		what           string
		contract, here []string
	}{
		{"target", []string{contract.TargetPrimary, contract.TargetReplica}, []string{backend.Primary, backend.Replica}},
		{"route", []string{contract.RouteOther}, []string{backend.Unrouted}},
		{"sqlstate", []string{contract.StateAcquireTimeout}, []string{backend.AcquireTimeout}},
		{"sqlstate", []string{contract.StateAcquireTimeout, contract.StateConnect, "53300"}, backend.Unsent},
		{"reason", []string{contract.FallbackSession, contract.FallbackLate}, backend.Lagging},
		{"role", []string{contract.Role}, []string{backend.Role}},
		{"page", []string{contract.RouteReady, contract.RouteConfig}, []string{Default().Ready.HTTP, Default().Config}},
		{"reset", append([]string{contract.DatasetSQL, contract.ResetSQL, contract.RestartSQL}, contract.TidySQL...),
			append([]string{Default().Reset.Proof, Default().Reset.Remove, Default().Reset.Restart}, Default().Reset.Tidy...)},
		{"load", []string{strconv.Itoa(contract.FeedPage), strconv.Itoa(contract.Users / contract.AuthorShare)},
			[]string{strconv.Itoa(Default().Load.Rows), strconv.Itoa(Default().Load.Authors)}},
		{"slow", []string{contract.EnvSlowRoute, contract.On}, []string{Default().Load.Slow.Name, Default().Load.Slow.Value}},
		{"words", []string{contract.Unlimited, contract.None, strconv.Itoa(contract.MaxCount)},
			[]string{backend.Unlimited, backend.None, strconv.Itoa(backend.MaxCount)}},
	} {
		if diff := cmp.Diff(values.contract, values.here); diff != "" {
			t.Errorf("%s (-contract +lab):\n%s", values.what, diff)
		}
	}
}

// The page by which the backend is read back has the fields that the lab reads.
func TestDefaultShowsItsConfigAsTheLabReadsIt(t *testing.T) {
	fields := func(of reflect.Type) (names []string) {
		for i := range of.NumField() {
			names = append(names, of.Field(i).Name+" "+string(of.Field(i).Tag))
		}
		return names
	}
	want, got := fields(reflect.TypeFor[contract.Config]()), fields(reflect.TypeFor[backend.Config]())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page (-contract +lab):\n%s", diff)
	}
	if diff := cmp.Diff(fields(reflect.TypeFor[contract.Pool]()), fields(reflect.TypeFor[backend.Pool]())); diff != "" {
		t.Errorf("a pool (-contract +lab):\n%s", diff)
	}
}

// The variables that the lab sets are those of the contract, and no setting.
func TestDefaultVariables(t *testing.T) {
	var got []string
	for _, v := range Default().Run.Env {
		got = append(got, v.Name+"="+v.Value)
	}
	want := []string{
		contract.EnvAddr + "={addr}", contract.EnvPrimaryURL + "={primary}", contract.EnvReplicaURL + "={replica}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	others := map[string][]string{contract.EnvSlowRoute: {contract.Off, contract.On}}
	if diff := cmp.Diff(others, Default().Variables); diff != "" {
		t.Errorf("variables of a spec (-want +got):\n%s", diff)
	}
}
