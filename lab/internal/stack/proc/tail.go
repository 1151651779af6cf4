package proc

import (
	"bytes"
	"io"
	"os"
	"strings"
)

// tailBytes bounds how far back a tail looks.
const tailBytes = 64 << 10

// tail returns the last lines of the file, none from before the offset. A file that ends before that was begun anew.
func tail(path string, from int64, lines int) string {
	if path == "" {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	if from > end {
		from = 0
	}
	from = max(from, end-tailBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, from, end-from))
	if err != nil {
		return ""
	}
	all := strings.Split(string(bytes.TrimRight(text, "\n")), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
