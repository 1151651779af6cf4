package record

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func FuzzSeries(f *testing.F) {
	files, err := filepath.Glob("../../../results/*/series/1.json.gz")
	if err != nil || len(files) == 0 {
		f.Fatal("no curves to start from", err)
	}
	for _, file := range append(files, "") {
		src := packed(f, goodSeries)
		if file != "" {
			if src, err = os.ReadFile(file); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(src)
		f.Add(src[:len(src)-9])
	}
	f.Add(packed(f, "null"))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := decodeSeries(bytes.NewReader(src), "x")
		if err != nil {
			if s.Curves != nil {
				t.Error("curves came with an error")
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Errorf("curves were read that are none: %v", err)
		}
		for name := range s.Curves {
			s.Peak(name)
		}
	})
}

func FuzzHost(f *testing.F) {
	files, err := filepath.Glob("../../../results/*/host.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no hosts to start from", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte("null"))
	f.Add([]byte("{\"cores\":1}\n{"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var host Host
		if err := decodeJSON(src, &host); err != nil {
			if n := lineOf(src, err); n < 1 || n > 1+bytes.Count(src, []byte("\n")) {
				t.Errorf("line %d is told of %d", n, 1+bytes.Count(src, []byte("\n")))
			}
			return
		}
		again, err := json.Marshal(host)
		if err != nil {
			t.Fatal(err)
		}
		var second Host
		if err := decodeJSON(again, &second); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}
