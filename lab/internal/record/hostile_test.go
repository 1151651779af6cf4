package record

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const testRun = "2026-11-23T0915Z-quick"

// runDir is a run's directory below a results directory, and a directory outside.
func runDir(t *testing.T) (dir Dir, outside string) {
	t.Helper()
	base := t.TempDir()
	dir, err := NewDir(filepath.Join(base, "results"), testRun)
	if err != nil {
		t.Fatal(err)
	}
	outside = filepath.Join(base, "outside")
	for _, path := range []string{dir.Path(), outside} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, outside
}

func mustWrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func line(t testing.TB, r Record) []byte {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// packed is a series file of such JSON.
func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	if _, err := zip.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const goodSeries = `{"start":"2026-01-02T03:04:05Z","step_s":1,"curves":{"rps":[null,12.5]}}`

// Every reader, on a file that it would read if it lay within the results.
var readers = map[string]struct {
	path func(Dir) string
	good func(*testing.T) []byte
	read func(string) error
}{
	"records": {
		Dir.Records, func(t *testing.T) []byte { return line(t, sample(1)) },
		func(p string) error { _, err := Read(p); return err },
	},
	"each record": {Dir.Records, func(t *testing.T) []byte { return line(t, sample(1)) }, func(p string) error {
		_, _, err := ReadEach(p)
		return err
	}},
	"records to append to": {Dir.Records, func(t *testing.T) []byte { return line(t, sample(1)) }, func(p string) error {
		log, err := Open(p)
		if err == nil {
			err = log.Close()
		}
		return err
	}},
	"records to recover": {
		Dir.Records, func(t *testing.T) []byte { return line(t, sample(1)) },
		func(p string) error { _, err := Recover(p); return err },
	},
	"host": {
		Dir.Host, func(*testing.T) []byte { return []byte(`{"cores": 2}`) },
		func(p string) error { return ReadJSON(p, new(Host)) },
	},
	"series": {
		func(d Dir) string { return d.Series(1) },
		func(t *testing.T) []byte { return packed(t, goodSeries) },
		func(p string) error {
			_, err := ReadSeries(p)
			return err
		},
	},
}

// A pipe, which nobody writes to, and a directory are told at once.
func TestReadersWaitForNothing(t *testing.T) {
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) {
			for kind, create := range map[string]func(string) error{
				"pipe":      func(p string) error { return syscall.Mkfifo(p, 0o600) },
				"directory": func(p string) error { return os.Mkdir(p, 0o755) },
			} {
				dir, _ := runDir(t)
				path := reader.path(dir)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), create(path)); err != nil {
					t.Fatal(err)
				}
				ended := async(func() error { return reader.read(path) })
				select {
				case err := <-ended:
					if err == nil || !strings.Contains(err.Error(), path) {
						t.Errorf("%s: %v, want an error that names it", kind, err)
					}
				case <-time.After(10 * time.Second):
					t.Fatalf("%s: it waits", kind)
				}
			}
		})
	}
}

func async(do func() error) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	return ended
}

// A file that is torn, emptied or changed is told with its line and a way out.
func TestReadJSONTellsTheLine(t *testing.T) {
	whole, err := json.MarshalIndent(Host{Kernel: "6.1", Cores: 2, Go: "go1.26"}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ content, want string }{
		"empty": {"", ":1: "},
		"torn": {
			string(whole[:len(whole)/2]), fmt.Sprintf(":%d: unexpected", 1+bytes.Count(whole[:len(whole)/2], []byte("\n"))),
		},
		"zeros":            {strings.Repeat("\x00", 100), ":1: "},
		"only null":        {"null\n", ":1: it has 0 cores"},
		"only an object":   {"{}\n", ":1: it has 0 cores"},
		"a list":           {"[]\n", ":1: "},
		"wrong type":       {"{\n\"kernel\": \"6.1\",\n\"cores\": \"2\"}\n", ":3: "},
		"unknown key":      {"{\"cores\": 2, \"colour\": 1}\n", `unknown field "colour"`},
		"garbage in it":    {"{\n\"cores\": 2,\n\n@}\n", ":4: "},
		"two values":       {"{\"cores\": 2}\n{\"cores\": 2}\n", ":2: "},
		"impossible":       {"{\"cores\": 2, \"memory_bytes\": -1}", "-1 bytes of memory"},
		"too deep":         {strings.Repeat("[", 20_000), ":1: "},
		"too large number": {`{"cores": 99999999999999999999}`, ":1: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := runDir(t)
			mustWrite(t, dir.Host(), []byte(test.content))
			err := ReadJSON(dir.Host(), new(Host))
			if err == nil || !strings.HasPrefix(err.Error(), dir.Host()+":") || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), "git restore") {
				t.Errorf("got %.300v, want %s…%s… and a way out", err, dir.Host(), test.want)
			}
		})
	}
	dir, _ := runDir(t)
	if err := ReadJSON(dir.Host(), new(Host)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	file, err := os.Create(dir.Host())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(maxJSON+1), file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := ReadJSON(dir.Host(), new(Host)); err == nil || !strings.Contains(err.Error(), "more than 128 MB") {
		t.Errorf("a huge file: %v", err)
	}
}

// Curves are read whole or not at all: the checksum at the end of the file is heeded.
func TestReadSeriesRefuses(t *testing.T) {
	good := packed(t, goodSeries)
	flipped := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 0x10
		return b
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":             {nil, "unpack"},
		"not packed":        {[]byte(goodSeries), "unpack"},
		"torn":              {good[:len(good)/2], "EOF"},
		"without its end":   {good[:len(good)-4], "EOF"},
		"checksum":          {flipped(len(good) - 6), "checksum"},
		"length":            {flipped(len(good) - 1), "checksum"},
		"trailing rubbish":  {append(bytes.Clone(good), "rubbish that is no packed file"...), "gzip"},
		"packed rubbish":    {packed(t, "rubbish"), "invalid character"},
		"torn, then packed": {packed(t, goodSeries[:len(goodSeries)/2]), "EOF"},
		"two in one":        {packed(t, goodSeries+goodSeries), "more than one"},
		"null":              {packed(t, "null"), "begin at"},
		"no step":           {packed(t, `{"start":"2026-01-02T03:04:05Z","curves":{}}`), "steps of 0 s"},
		"unknown key":       {packed(t, `{"colour":1}`), "unknown field"},
		"bomb":              {packed(t, `{"curves":{"x":[`+strings.Repeat("1,", 20<<20)+`1]}}`), "more than 16 MB"},
		"bomb of spaces":    {packed(t, strings.Repeat(" ", 100<<20)), "more than 16 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "1.json.gz")
			mustWrite(t, path, test.content)
			s, err := ReadSeries(path)
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), "remove it") {
				t.Errorf("got %v, want %q and a way out", err, test.want)
			}
			if s.Curves != nil {
				t.Errorf("%d curves came along", len(s.Curves))
			}
		})
	}
}

// Lines that do not belong together are not read as the records of one run.
func TestReadRefusesWhatDoesNotBelongTogether(t *testing.T) {
	other := sample(3)
	other.Run = "2026-11-23T0916Z-quick"
	for name, test := range map[string]struct {
		records []Record
		line    int
		want    string
	}{
		"a line twice":     {[]Record{sample(1), sample(2), sample(2)}, 3, "n is 2, after 2"},
		"two files joined": {[]Record{sample(1), sample(2), sample(1), sample(2)}, 3, "n is 1, after 2"},
		"out of order":     {[]Record{sample(2), sample(1)}, 2, "n is 1, after 2"},
		"another run's":    {[]Record{sample(1), sample(2), other}, 3, "before it was " + testRun},
	} {
		t.Run(name, func(t *testing.T) {
			var src []byte
			for _, r := range test.records {
				src = append(src, line(t, r)...)
			}
			path := filepath.Join(t.TempDir(), "records.jsonl")
			mustWrite(t, path, src)
			records, err := Read(path)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || corrupt.Line != test.line || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), "resume") || records != nil {
				t.Errorf("%d records, %v; want none, and line %d with %q and a way out", len(records), err, test.line, test.want)
			}
			each, lost, err := ReadEach(path)
			if err != nil || len(each)+len(lost) != len(test.records) || len(lost) == 0 ||
				!strings.Contains(lost[0].Error(), fmt.Sprintf(":%d: ", test.line)) {
				t.Errorf("each: %d records, %v, %v", len(each), lost, err)
			}
		})
	}
}

// What cannot have been measured is not read as if it had.
func TestReadRefusesTheImpossible(t *testing.T) {
	for name, change := range map[string]func(*Record){
		"requests below 0":    func(r *Record) { r.Load.Requests = -1 },
		"more failed than in": func(r *Record) { r.Load.Failed = 101 },
		"ratio above 1":       func(r *Record) { r.Load.ErrorRatio = 1.5 },
		"latency below 0":     func(r *Record) { r.Load.Latency.P50 = -1 },
		"mean below 0":        func(r *Record) { r.Load.Latency.Mean = new(-1.0) },
		"count of a status":   func(r *Record) { r.Load.Status["200"] = -5 },
		"phase below 0":       func(r *Record) { r.Phases = map[string]Phase{"ramp": {Requests: -1}} },
		"phase without place": func(r *Record) { r.Phases = map[string]Phase{"ramp": {Offer: &Offer{Unit: UnitVUs}}} },
		"phase of no unit":    func(r *Record) { r.Phases = map[string]Phase{"ramp": {Offer: &Offer{Order: 1, To: 5}}} },
		"phase to below 0": func(r *Record) {
			r.Phases = map[string]Phase{
				"ramp": {Offer: &Offer{Order: 1, To: -5, Unit: UnitVUs}},
			}
		},
		"block beyond all":   func(r *Record) { r.Block = 1 << 40 },
		"n beyond all":       func(r *Record) { r.N = 1 << 40 },
		"attempt beyond all": func(r *Record) { r.Attempt = 1 << 40 },
	} {
		r := sample(1)
		change(&r)
		path := filepath.Join(t.TempDir(), "records.jsonl")
		mustWrite(t, path, line(t, r))
		var corrupt *CorruptError
		if _, err := Read(path); !errors.As(err, &corrupt) || corrupt.Line != 1 {
			t.Errorf("%s: %v, want line 1 refused", name, err)
		}
	}
}
