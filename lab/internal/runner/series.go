package runner

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"

	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/record"
)

// keepSeries writes the curves of a shot as compressed JSON.
func keepSeries(path string, series snapshot.Series) error {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if err := json.NewEncoder(zip).Encode(series); err != nil {
		return fmt.Errorf("encode curves: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("compress curves: %w", err)
	}
	return record.WriteFile(path, packed.Bytes())
}
