package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// Log appends records to a file, one line each. It has one writer: a second
// Open of the same file fails while the first is open.
type Log struct {
	file *os.File
	size int64 // of what is whole and synced
	err  error // why nothing more can be appended
}

// Open opens the records of a run for appending and creates the file if there is
// none. It fails with a *TornError if the last line is torn: Recover first.
func Open(path string) (*Log, error) {
	file, err := openFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open records: %w", err)
	}
	log, err := newLog(file, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open records: %w", err), file.Close())
	}
	return log, nil
}

func newLog(file *os.File, path string) (*Log, error) {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock %s: another process is writing this run: %w", path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if size := info.Size(); size > 0 {
		last := make([]byte, 1)
		if _, err := file.ReadAt(last, size-1); err != nil {
			return nil, err
		}
		if last[0] != '\n' {
			// Reading finds where the torn line begins.
			_, err := Read(path)
			return nil, err
		}
	}
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(syncDir(dir), dir.Close()); err != nil {
		return nil, err
	}
	return &Log{file: file, size: info.Size()}, nil
}

// Append writes a record and returns once it is on the disk. If that fails, the
// file is left as it was before; if it cannot be, the log takes no more records.
func (l *Log) Append(r Record) error {
	if l.err != nil {
		return l.err
	}
	if err := r.Validate(); err != nil {
		return fmt.Errorf("append record %d: %w", r.N, err)
	}
	if r.Reasons == nil {
		r.Reasons = []string{} // written as a list, never as null
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("append record %d: %w", r.N, err)
	}
	line = append(line, '\n')
	_, err = l.file.Write(line)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		err = fmt.Errorf("append record %d: %w", r.N, err)
		if undo := l.file.Truncate(l.size); undo != nil {
			l.err = errors.Join(err, fmt.Errorf("take back half a line: %w", undo))
			return l.err
		}
		return err
	}
	l.size += int64(len(line))
	return nil
}

// Close closes the file. Everything appended is on the disk already.
func (l *Log) Close() error {
	l.err = os.ErrClosed
	return l.file.Close()
}

// TornError says that the last line of a file was cut off in writing.
type TornError struct {
	Path   string
	Line   int   // 1-based
	Offset int64 // of the line's first byte: what lies before is whole
}

func (e *TornError) Error() string {
	return fmt.Sprintf("%s:%d: the last line is torn: resume the run, which drops it", e.Path, e.Line)
}

// CorruptError says that a line is no record, though others follow it or it is whole.
type CorruptError struct {
	Path string
	Line int // 1-based
	Err  error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf(
		"%s:%d: not a record: %v; bring the line back as it was written, or take it out and resume the run, which reruns "+
			"its block",
		e.Path, e.Line, e.Err,
	)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// Read returns the records of a file. With a torn last line they come along with
// a *TornError; any other line that is no record is a *CorruptError and gives none.
func Read(path string) ([]Record, error) {
	src, err := readFile(path, maxRecords)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return decode(path, src)
}

// ReadEach returns the records of a file that can be read, and of each other line why
// it cannot: of an older schema, torn, corrupt. Use it where part of a run is better
// than none, and say what is left out.
func ReadEach(path string) (records []Record, corrupt []error, err error) {
	src, err := readFile(path, maxRecords)
	if err != nil {
		return nil, nil, fmt.Errorf("read records: %w", err)
	}
	n := 0
	var order order
	for line := range bytes.Lines(src) {
		n++
		r, err := decodeLine(bytes.TrimSuffix(line, []byte("\n")))
		if err == nil {
			err = order.next(&r)
		}
		if err != nil {
			corrupt = append(corrupt, &CorruptError{Path: path, Line: n, Err: err})
			continue
		}
		records = append(records, r)
	}
	return records, corrupt, nil
}

// decode reads the lines of a records file; path is for messages.
func decode(path string, src []byte) ([]Record, error) {
	var lines [][]byte
	var torn error
	offset := int64(0)
	for n := 1; len(src) > 0; n++ {
		line, rest, whole := bytes.Cut(src, []byte("\n"))
		// A line without its end was never reported as written, even if it reads well.
		if !whole || len(rest) == 0 && !json.Valid(line) {
			torn = &TornError{Path: path, Line: n, Offset: offset}
			break
		}
		lines = append(lines, line)
		offset += int64(len(line)) + 1
		src = rest
	}
	records, err := decodeLines(path, lines)
	if err != nil {
		return nil, err
	}
	return records, torn
}

// decodeLines decodes on all processors; the error is that of the first bad line.
func decodeLines(path string, lines [][]byte) ([]Record, error) {
	records, corrupt := make([]Record, len(lines)), make([]error, len(lines))
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for first := range workers {
		wait.Go(func() {
			for i := first; i < len(lines); i += workers {
				records[i], corrupt[i] = decodeLine(lines[i])
			}
		})
	}
	wait.Wait()
	var order order
	for i, err := range corrupt {
		if err == nil {
			err = order.next(&records[i])
		}
		if err != nil {
			return nil, &CorruptError{Path: path, Line: i + 1, Err: err}
		}
	}
	return records, nil
}

// order is what the lines of a file have with each other: one run, and numbers that
// grow. Else two files were joined, or lines were copied, and would count twice.
type order struct {
	run string
	n   int
}

func (o *order) next(r *Record) error {
	switch {
	case o.run != "" && r.Run != o.run:
		return fmt.Errorf("run is %s, before it was %s", r.Run, o.run)
	case r.N <= o.n:
		return fmt.Errorf("n is %d, after %d", r.N, o.n)
	}
	o.run, o.n = r.Run, r.N
	return nil
}

func decodeLine(line []byte) (Record, error) {
	var r Record
	if err := strict(line, &r); err != nil {
		// Another schema may well have other keys, and says more.
		var version struct{ Schema int }
		if err := json.Unmarshal(line, &version); err != nil {
			return r, err
		}
		if !reads(version.Schema) {
			return r, fmt.Errorf("schema is %d, this program reads 1 to %d", version.Schema, Schema)
		}
		return r, err
	}
	return r, r.Validate()
}

// strict decodes one JSON value that must not hold unknown keys.
func strict(src []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// Recover drops a torn last line and returns how many bytes that were; 0 if the
// file is whole. A file that is corrupt elsewhere is left alone.
func Recover(path string) (int64, error) {
	_, err := Read(path)
	var torn *TornError
	if !errors.As(err, &torn) {
		return 0, err
	}
	file, err := openFile(path, os.O_WRONLY, 0)
	if err != nil {
		return 0, fmt.Errorf("recover records: %w", err)
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		err = file.Truncate(torn.Offset)
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return 0, fmt.Errorf("recover records: %w", err)
	}
	return size - torn.Offset, nil
}
