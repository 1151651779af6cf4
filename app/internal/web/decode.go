package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
)

// maxBody is the most bytes that a request may carry.
const maxBody = 16 << 10

// receive reads the whole body before the request is admitted: who sends slowly waits
// for itself, and holds no place that others could have. Its error is a problem.
func receive(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
	case err == nil:
		r.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	case tooLarge:
		return errBodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlowRequest
	}
	return badRequest("torn_body", "the body does not arrive as it was announced")
}

// decode reads the body, exactly one JSON object, into dst. Its error is a problem.
func decode(r *http.Request, dst any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(dst)
	switch {
	case errors.Is(err, io.EOF):
		return badRequest("bad_json", "send a JSON object; the body is empty")
	case err != nil:
		return badRequest("bad_json", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err = dec.Token(); !errors.Is(err, io.EOF) {
		return badRequest("bad_json", "send one JSON object and nothing after it")
	}
	return nil
}
