package service

import (
	"runtime/debug"
	"testing"
)

func TestBackendOfACommitOrOfTheCheckout(t *testing.T) {
	l := Layout{Root: "/checkout", Lab: "/checkout/.lab"}
	if got, want := l.Backend(""), "/checkout/bin/app"; got != want {
		t.Errorf("without a commit: %s; want %s", got, want)
	}
	if got, want := l.Backend("0123abc"), "/checkout/.lab/commits/0123abc/app"; got != want {
		t.Errorf("of a commit: %s; want %s", got, want)
	}
}

func TestRevisionOfAProgram(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	for _, c := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"clean", []debug.BuildSetting{
			{Key: "vcs.revision", Value: hash}, {Key: "vcs.modified", Value: "false"},
		}, "0123456789"},
		{"changed", []debug.BuildSetting{
			{Key: "vcs.revision", Value: hash}, {Key: "vcs.modified", Value: "true"},
		}, "0123456789 with changes"},
		{"not said", []debug.BuildSetting{{Key: "vcs.revision", Value: hash}}, "0123456789 with changes"},
		{"built without git", nil, "of an unknown commit"},
	} {
		if got := revision(&debug.BuildInfo{Settings: c.settings}, 10); got != c.want {
			t.Errorf("%s: revision = %q; want %q", c.name, got, c.want)
		}
	}
}
