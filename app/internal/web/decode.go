package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxBody is the most bytes that a request may carry.
const maxBody = 16 << 10

// decode reads the body, exactly one JSON object, into dst. Its error is a problem.
func decode(r *http.Request, dst any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(dst)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil || !isTooLarge(err) {
			return badRequest("bad_json", "send one JSON object and nothing after it")
		}
	}
	switch {
	case isTooLarge(err):
		return errBodyTooLarge
	case errors.Is(err, io.EOF):
		return badRequest("bad_json", "send a JSON object; the body is empty")
	}
	return badRequest("bad_json", "%s", strings.TrimPrefix(err.Error(), "json: "))
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}
