package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"stormwave/app/internal/store"
	"stormwave/app/internal/telemetry"
)

// problem is an error as the client gets it.
type problem struct {
	status  int
	code    string // for programs; never changes
	message string // for people
}

func (p *problem) Error() string { return p.code + ": " + p.message }

var (
	errUnauthorized = &problem{
		http.StatusUnauthorized, "unauthorized",
		"log in at POST /api/sessions and send its token as Authorization: Bearer TOKEN",
	}
	errCredentials = &problem{http.StatusUnauthorized, "wrong_credentials", "name or password is wrong"}
	errNotFound    = &problem{http.StatusNotFound, "not_found", "there is nothing here"}
	errMethod      = &problem{
		http.StatusMethodNotAllowed, "method_not_allowed", "this method is not served here; see the Allow header",
	}
	errNameTaken    = &problem{http.StatusConflict, "name_taken", "this name is taken; choose another"}
	errBodyTooLarge = &problem{
		http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("send at most %d bytes", maxBody),
	}
	errSlowRequest = &problem{http.StatusRequestTimeout, "slow_request", "the request did not arrive in time"}
	errOverloaded  = &problem{
		http.StatusServiceUnavailable, "overloaded", "too many requests are being worked on; try again",
	}
	errUnavailable   = &problem{http.StatusServiceUnavailable, "unavailable", "the database takes no more work; try again"}
	errTimeout       = &problem{http.StatusGatewayTimeout, "timeout", "the database did not answer in time"}
	errClientGone    = &problem{telemetry.StatusClientGone, "client_gone", "the client went away"}
	errInternal      = &problem{http.StatusInternalServerError, "internal", "something went wrong here"}
	errDatabaseState = &problem{
		http.StatusServiceUnavailable, "not_ready", "the database does not answer or the pool is not warm; see the log",
	}
)

func badRequest(code, format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// problemOf finds what to tell the client. Anything unforeseen is errInternal.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if errors.Is(err, store.ErrNotFound) {
		return errNotFound
	}
	failed, ok := errors.AsType[*store.Error](err)
	if !ok {
		return errInternal
	}
	switch failed.Kind {
	case store.Unavailable:
		return errUnavailable
	case store.Timeout:
		return errTimeout
	case store.Canceled:
		return errClientGone
	}
	return errInternal
}

// write answers with p.
func (p *problem) write(w http.ResponseWriter) {
	switch p.status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	answer.Error.Code, answer.Error.Message = p.code, p.message
	body, _ := json.Marshal(answer) // two strings always marshal
	writeJSON(w, p.status, body)
}
