package service

import (
	"os"
	"path/filepath"
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
	for name, c := range map[string]struct {
		note string
		left bool
	}{
		"its checkout is there": {t.TempDir(), true},
		"its checkout is gone":  {filepath.Join(t.TempDir(), "gone"), false},
		"a torn note":           {"", true},
		"no path":               {"gone", true},
	} {
		homes := t.TempDir()
		l := layoutIn(t, homes)
		if err := l.Create(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(l.Home, checkoutNote), []byte(c.note), 0o600); err != nil {
			t.Fatal(err)
		}
		sweepHomes(homes)
		if _, err := os.Stat(l.Home); (err == nil) != c.left {
			t.Errorf("%s: the home is left: %v; want %v", name, err == nil, c.left)
		}
	}
}
