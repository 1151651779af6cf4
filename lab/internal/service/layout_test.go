package service

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func layoutIn(t *testing.T, homes string) Layout {
	t.Helper()
	root, home := t.TempDir(), filepath.Join(homes, "a-home")
	return Layout{Root: root, Lab: filepath.Join(root, ".lab"), Home: home, Sockets: filepath.Join(home, "run")}
}

// While a lab's directories are made, by many at once, another lab that looks for what
// is left takes nothing of it away.
func TestSweepTakesNothingOfALabThatIsMade(t *testing.T) {
	homes := t.TempDir()
	l := layoutIn(t, homes)
	var makers sync.WaitGroup
	for range 4 {
		makers.Go(func() {
			for range 50 {
				if err := l.Create(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	over := make(chan struct{})
	go func() { makers.Wait(); close(over) }()
	for swept := 0; ; swept++ {
		sweepHomes(homes)
		select {
		case <-over:
			if swept == 0 {
				t.Error("was not swept meanwhile")
			}
			return
		default:
		}
	}
}

// Only the home of a checkout that is gone is removed.
func TestSweepRemovesHomesOfDeletedCheckouts(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	for name, c := range map[string]struct {
		note string
		runs bool
		left bool
	}{
		"its checkout is there": {note: t.TempDir(), left: true},
		"its checkout is gone":  {note: gone, left: false},
		"its lab runs still":    {note: gone, runs: true, left: true}, // its checkout was moved, or is not seen
		"a torn note":           {note: "", left: true},
		"no path":               {note: "gone", left: true},
	} {
		homes := t.TempDir()
		l := layoutIn(t, homes)
		if err := l.Create(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(l.Home, checkoutNote), []byte(c.note), 0o600); err != nil {
			t.Fatal(err)
		}
		if c.runs {
			lab := &Env{Layout: l}
			if err := lab.claimHome(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = lab.home.Close() }()
		}
		sweepHomes(homes)
		if _, err := os.Stat(l.Home); (err == nil) != c.left {
			t.Errorf("%s: the home is left: %v; want %v", name, err == nil, c.left)
		}
	}
}

// A checkout that is made where another stood, whose lab runs still, must not take that one's data.
func TestAHomeIsOneLabsAlone(t *testing.T) {
	l := layoutIn(t, t.TempDir())
	if err := l.Create(); err != nil {
		t.Fatal(err)
	}
	first, second := &Env{Layout: l}, &Env{Layout: l}
	for range 2 { // it goes up and down and up
		if err := first.claimHome(); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.claimHome(); err == nil || !strings.Contains(err.Error(), "lab down") {
		t.Errorf("%v; want it refused, with the way out", err)
	}
	if err := first.home.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.claimHome(); err != nil {
		t.Errorf("after the first one's end: %v", err)
	}
	_ = second.home.Close()
}

func TestSocketsGoWithTheirLab(t *testing.T) {
	l := layoutIn(t, t.TempDir())
	if err := l.Create(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.Control(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.RemoveSockets(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.Sockets); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory of the sockets is left: %v", err)
	}
}
