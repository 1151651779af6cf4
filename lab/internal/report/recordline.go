package report

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"stormwave/lab/internal/record"
)

// form is how much the page shows of a record.
type form struct {
	note   string // what it lacks, Markdown
	digits int    // that numbers are cut to; 0: whole
	cut    func(*record.Record)
}

// forms are tried in turn, until all records together are small enough.
var forms = []form{
	{note: "The records are those of `records.jsonl`, line by line.", cut: func(*record.Record) {}},
	{
		note:   "The records are those of `records.jsonl`, without what their cell says already, numbers cut to six digits.",
		digits: 6,
		cut:    func(r *record.Record) { r.Settings, r.Effective = nil, nil },
	},
	{
		note: "The records are those of `records.jsonl`, without what their cell says already and without their phases, " +
			"numbers cut to four digits.",
		digits: 4,
		cut:    func(r *record.Record) { r.Settings, r.Effective, r.Phases = nil, nil, nil },
	},
}

// maxLines is how many bytes of records a page holds, and maxWritten how many records
// are worth trying.
const (
	maxLines   = 2_200_000
	maxWritten = 3_000
)

// recordLines are the records of a page, in the fullest form that is small enough.
type recordLines struct {
	form  *form // nil: there are too many
	lines map[int]string
}

func newRecordLines(records []record.Record) recordLines {
	if len(records) > maxWritten {
		return recordLines{}
	}
	for i := range forms {
		total, lines := 0, make(map[int]string, len(records))
		for _, r := range records {
			lines[r.N] = forms[i].line(r)
			if total += len(lines[r.N]); total > maxLines {
				break
			}
		}
		if total <= maxLines {
			return recordLines{&forms[i], lines}
		}
	}
	return recordLines{}
}

// note says what the page has of the records.
func (l recordLines) note() string {
	if l.form == nil {
		return "There are too many records to hold them here: each has a row among the trials of its cell, and its number " +
			"is its line in `records.jsonl`."
	}
	return l.form.note
}

// line is a record as a line of its file, broken between its keys.
func (f form) line(r record.Record) string {
	f.cut(&r)
	text, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encode record %d: %v", r.N, err)) // it was read from JSON
	}
	return string(broken(text, f.digits))
}

// broken begins a line at each key of a JSON object, and cuts numbers to so many digits,
// if that is not 0.
func broken(line []byte, digits int) []byte {
	out := make([]byte, 0, len(line)+len(line)/8)
	depth := 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			end := i + 1
			for line[end] != '"' {
				if line[end] == '\\' {
					end++
				}
				end++
			}
			out = append(out, line[i:end+1]...)
			i = end
		case c == '{' || c == '[':
			depth++
			out = append(out, c)
		case c == '}' || c == ']':
			depth--
			out = append(out, c)
		case c == ',' && depth == 1:
			out = append(out, ",\n "...)
		case c == '-' || c >= '0' && c <= '9':
			end := i
			for end < len(line) && (line[end] == '-' || line[end] == '+' || line[end] == '.' || line[end] == 'e' ||
				line[end] == 'E' || line[end] >= '0' && line[end] <= '9') {
				end++
			}
			out = append(out, cutNumber(line[i:end], digits)...)
			i = end - 1
		default:
			out = append(out, c)
		}
	}
	return out
}

// cutNumber cuts the digits behind the point.
func cutNumber(text []byte, digits int) []byte {
	if digits == 0 || len(text) <= digits+1 {
		return text
	}
	for _, c := range text {
		if c != '.' && c != 'e' && c != 'E' {
			continue
		}
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return text
		}
		short := strconv.AppendFloat(nil, v, 'g', digits, 64)
		if len(short) < len(text) {
			return short
		}
		return text
	}
	return text // a whole number stays
}

// write writes a record, to be unfolded.
func (l recordLines) write(p *page, r *record.Record) {
	fmt.Fprintf(
		&p.b, "<details id=%s><summary>Record %d</summary><pre>%s</pre></details>\n", recordAnchor(r.N), r.N,
		escaped.Replace(l.lines[r.N]),
	)
}

// escaped is for text between tags, where quotes stand for themselves.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;")
