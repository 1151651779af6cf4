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

// Series holds the curves of a shot. Value i of a curve is of the second that
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

// mostSeries bounds the size of curves that are read: far above those of any load
// that ends, far below what a compressed file can pretend to hold.
const mostSeries = 64 << 20

// ReadSeries reads what WriteSeries wrote.
func ReadSeries(path string) (Series, error) {
	var s Series
	file, err := os.Open(path)
	if err != nil {
		return s, fmt.Errorf("read curves: %w", err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return s, fmt.Errorf("read curves of %s: %w", path, err)
	}
	if err := json.NewDecoder(io.LimitReader(zip, mostSeries)).Decode(&s); err != nil {
		return s, fmt.Errorf("read curves of %s: %w", path, err)
	}
	return s, nil
}
