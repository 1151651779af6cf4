package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"stormwave/lab/internal/record"
)

func TestTrialsAreFollowedWhileTheyAreAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &trials{}
	check := func(what string, total, done, unreadable int, newest int) {
		t.Helper()
		got := s.read(path)
		if got.Total != total || got.Done != done || got.Unreadable != unreadable || got.Err != nil {
			t.Errorf(
				"%s: %d trials, %d done, %d unreadable, %v; want %d, %d, %d", what, got.Total, got.Done, got.Unreadable, got.Err,
				total, done, unreadable,
			)
		}
		if newest != 0 && (len(got.Rows) == 0 || got.Rows[0].N != newest) {
			t.Errorf("%s: the newest trial is not %d: %+v", what, newest, got.Rows)
		}
	}
	check("no file", 0, 0, 0, 0)
	one, two := recorded(t, 1, nil), recorded(t, 2, nil)
	write(one)
	check("one", 1, 1, 0, 1)
	before := s.read(path).Version
	write(one + two[:40])
	check("half a line more", 1, 1, 0, 1)
	if now := s.read(path).Version; now != before {
		t.Errorf("half a line changed the version from %s to %s", before, now)
	}
	write(one + two)
	check("two", 2, 2, 0, 2)
	if now := s.read(path).Version; now == before {
		t.Error("another trial did not change the version")
	}
	write(one + two + "{\"schema\":7}\nnonsense\n" + recorded(t, 3, nil))
	check("lines that are no record", 3, 3, 2, 3)
	write(one)
	check("a file that was cut off", 1, 1, 0, 1)

	write(one + two + recorded(t, 3, func(r *record.Record) { r.Attempt = 2 }))
	check("a block that was rerun", 3, 1, 0, 3)
	if rows := s.read(path).Rows; rows[0].Superseded || !rows[1].Superseded || !rows[2].Superseded {
		t.Errorf("superseded: %+v; want the first attempt", rows)
	}
	path = filepath.Join(t.TempDir(), "records.jsonl")
	write(two)
	check("another run", 1, 1, 0, 2)
}

func TestWhatIsNoRecordsFileIsSaid(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, []byte(recorded(t, 1, nil)), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &trials{}
	s.read(large)
	if err := os.Truncate(large, maxAtOnce+1<<20); err != nil { // a line without an end
		t.Fatal(err)
	}
	for path, want := range map[string]string{pipe: "no plain file", dir: "no plain file", large: "more than 32 MB"} {
		if got := s.read(path); got.Err == nil || !strings.Contains(got.Err.Error(), want) {
			t.Errorf("%s: %v; want it said: %s", filepath.Base(path), got.Err, want)
		}
	}
}

func TestManyTrialsAreCutToTheNewest(t *testing.T) {
	s := newStage(t)
	s.begin(2)
	var text strings.Builder
	for n := range trialsShown + 7 {
		text.WriteString(recorded(t, n+1, nil))
	}
	s.write(s.dir().Records(), text.String())
	got := s.get("/")
	if n := strings.Count(got, `<td class="n" data-v="85358">`); n != trialsShown {
		t.Errorf("%d trials are listed; want %d", n, trialsShown)
	}
	want := fmt.Sprintf("The %d newest of %d trials.", trialsShown, trialsShown+7)
	if !strings.Contains(got, want) {
		t.Errorf("the page does not say %q", want)
	}
}
