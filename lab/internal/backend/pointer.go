package backend

import (
	"fmt"
	"strconv"
	"strings"
)

// At returns the value at a JSON pointer (RFC 6901) of a decoded document, as text. Maps and lists are none.
func At(document any, pointer string) (value string, ok bool) {
	at := document
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch parent := at.(type) {
		case map[string]any:
			if at, ok = parent[part]; !ok {
				return "", false
			}
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(parent) {
				return "", false
			}
			at = parent[i]
		default:
			return "", false
		}
	}
	switch at := at.(type) {
	case string:
		return at, true
	case float64:
		return strconv.FormatFloat(at, 'f', -1, 64), true
	case bool:
		return fmt.Sprint(at), true
	}
	return "", false
}
