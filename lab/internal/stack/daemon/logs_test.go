package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"stormwave/lab/internal/service"
)

func TestLogsBeginAnewAtEachUp(t *testing.T) {
	layout := service.Layout{Lab: t.TempDir()}
	if err := os.Mkdir(filepath.Dir(layout.Log("supervisor")), 0o700); err != nil {
		t.Fatal(err)
	}
	open := func(service string) *os.File {
		t.Helper()
		log, err := os.OpenFile(layout.Log(service), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = log.Close() })
		return log
	}
	say := func(log *os.File, text string) {
		t.Helper()
		if _, err := log.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	own := open("supervisor") // it has its log open when it begins
	for _, up := range []string{"first", "second", "third"} {
		say(own, up+" begins\n")
		if err := rotateLogs(layout); err != nil {
			t.Fatal(err)
		}
		say(own, up+" is up\n")
		say(open(service.Primary), up+"\n")
	}
	for path, want := range map[string]string{
		layout.Log("supervisor"):             "third is up\n",
		layout.Log("supervisor") + ".1":      "second is up\nthird begins\n",
		layout.Log(service.Primary):          "third\n",
		layout.Log(service.Primary) + ".1":   "second\n",
		layout.Log(service.Primary) + ".1.1": "",
	} {
		if text, _ := os.ReadFile(path); string(text) != want {
			t.Errorf("%s holds %q; want %q", filepath.Base(path), text, want)
		}
	}
}
