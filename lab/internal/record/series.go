package record

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Series holds the curves of a trial. Value i of a curve is of the second that
// ends at Start + (i+1)·Step; nil where nothing could be read.
type Series struct {
	Start  time.Time             `json:"start"`
	Step   float64               `json:"step_s"`
	Curves map[string][]*float64 `json:"curves"` // by name; a labelled one is written cpu_cores{service="app"}
}

// Peak returns a curve's highest value; ok is false if it has none.
func (s Series) Peak(name string) (peak float64, ok bool) {
	for _, value := range s.Curves[name] {
		if value != nil && (!ok || *value > peak) {
			peak, ok = *value, true
		}
	}
	return peak, ok
}

// WriteSeries writes curves as compressed JSON.
func WriteSeries(path string, series Series) error {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if err := json.NewEncoder(zip).Encode(series); err != nil {
		return fmt.Errorf("encode curves: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("compress curves: %w", err)
	}
	return WriteFile(path, packed.Bytes())
}

// maxSeries bounds the size of curves that are read, in bytes: far above those of any
// load that ends, far below what a compressed file can pretend to hold.
const maxSeries = 16 << 20

// ReadSeries reads what WriteSeries wrote. A file that is torn or changed fails its
// checksum: it is an error, and no curves.
func ReadSeries(path string) (Series, error) {
	file, err := openFile(path, os.O_RDONLY, 0)
	if err != nil {
		return Series{}, fmt.Errorf("read curves: %w", err)
	}
	defer file.Close()
	s, err := decodeSeries(file, path)
	if err != nil {
		return Series{}, fmt.Errorf(
			"read curves: %w; bring the file back as it was written, or remove it: the report does without", err,
		)
	}
	return s, nil
}

// decodeSeries reads to the end of the file, where the checksum is.
func decodeSeries(from io.Reader, path string) (s Series, err error) {
	zip, err := gzip.NewReader(from)
	if err != nil {
		return s, fmt.Errorf("unpack %s: %w", path, err)
	}
	data, err := readAll(zip, path, maxSeries)
	if err != nil {
		return s, err
	}
	if err := decodeJSON(data, &s); err != nil {
		return Series{}, fmt.Errorf("decode %s: %w", path, err)
	}
	return s, nil
}

// Validate reports what keeps curves from being any.
func (s Series) Validate() error {
	if s.Start.IsZero() || !(s.Step > 0) {
		return fmt.Errorf("the curves begin at %v, with steps of %v s", s.Start, s.Step)
	}
	return nil
}
