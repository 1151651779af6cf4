// Package config reads the backend's settings from its environment, and shows them.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/app/contract"
)

// Load reads the settings by getenv. Its error joins everything that is wrong,
// each naming the variable and what to write there.
func Load(getenv func(string) string) (contract.Settings, error) {
	var settings contract.Settings
	var found mistakes
	fields := reflect.ValueOf(&settings).Elem()
	for i, f := range contract.Fields {
		text := cmp.Or(getenv(f.Env), f.Default)
		if text == "" && !f.Required {
			continue
		}
		value, write := parse(f, text)
		switch {
		case write == "":
			fields.Field(i).Set(reflect.ValueOf(value))
		case text == "":
			found.add(f, "is not set", write)
		case f.Kind == contract.Database: // it may hold a password
			found.add(f, "is not the URL of a database (its value is not shown)", write)
		default:
			found.add(f, fmt.Sprintf("is %q", text), write)
		}
	}
	found.contradictions(fields)
	if err := errors.Join(found...); err != nil {
		return contract.Settings{}, err
	}
	return settings, nil
}

type mistakes []error

func (all *mistakes) add(f contract.Field, what, write string) {
	*all = append(*all, fmt.Errorf("%s %s: write %s", f.Env, what, write))
}

// contradictions adds the settings that cannot be what they are because of another.
func (all *mistakes) contradictions(fields reflect.Value) {
	of := func(name string) (contract.Field, int64) {
		i := slices.IndexFunc(contract.Fields, func(f contract.Field) bool { return f.Name == name })
		return contract.Fields[i], fields.Field(i).Int()
	}
	for _, f := range contract.Fields {
		if f.AtMost != "" {
			_, n := of(f.Name)
			if other, most := of(f.AtMost); most > 0 && n > most {
				all.add(f, fmt.Sprintf("is %d, more than %s (%d)", n, other.Env, most), fmt.Sprintf("a number up to %d", most))
			}
		}
		if f.Needs != "" {
			_, n := of(f.Name)
			if other, bound := of(f.Needs); bound == 0 && n > 0 {
				all.add(f, fmt.Sprintf("is set, but %s without %s", f.Else, other.Env), "both or neither")
			}
		}
	}
}

// Effective maps each environment variable to the text that would set what is in
// force, with user, password and parameters left out of the URLs.
func Effective(settings contract.Settings) map[string]string {
	effective := make(map[string]string)
	fields := reflect.ValueOf(settings)
	for i, f := range contract.Fields {
		effective[f.Env] = text(f.Kind, fields.Field(i).Interface())
	}
	return effective
}

// text is a value as it would be set.
func text(kind contract.Kind, value any) string {
	switch v := value.(type) {
	case int:
		if kind == contract.Limit && v == 0 {
			return contract.Unlimited
		}
	case time.Duration:
		if v == 0 {
			return contract.None
		}
	case string:
		if kind == contract.Database {
			return redact(v)
		}
	}
	return fmt.Sprint(value)
}

// parse reads the value of a setting; write is what to write there instead, "" if it is right.
func parse(f contract.Field, text string) (value any, write string) {
	switch f.Kind {
	case contract.Address:
		_, port, err := net.SplitHostPort(text)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return nil, "host:port, such as 127.0.0.1:8080, or port 0 for a free one"
		}
		return text, ""
	case contract.Database:
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" || len(u.Path) < 2 {
			return nil, "postgres://user:password@host:port/database"
		}
		return text, ""
	case contract.Choice:
		if !slices.Contains(f.Values, text) {
			return nil, "one of " + strings.Join(f.Values, ", ")
		}
		return text, ""
	case contract.Limit:
		if text == contract.Unlimited {
			return 0, ""
		}
		n, ok := whole(text, 1)
		if !ok {
			return nil, fmt.Sprintf("%q or a number from 1 to %d", contract.Unlimited, contract.MaxCount)
		}
		return n, ""
	case contract.Count:
		n, ok := whole(text, 0)
		if !ok {
			return nil, fmt.Sprintf("a number from 0 to %d", contract.MaxCount)
		}
		return n, ""
	case contract.Duration, contract.Milliseconds:
		if text == contract.None {
			return time.Duration(0), ""
		}
		d, err := time.ParseDuration(text)
		switch {
		case err != nil || d < 0:
			return nil, fmt.Sprintf("a duration such as 800ms, or %q", contract.None)
		case f.Kind == contract.Milliseconds && d%time.Millisecond != 0: // 0.4 ms would become "no limit"
			return nil, "whole milliseconds, such as 800ms"
		}
		return d, ""
	}
	panic("setting " + f.Name + " is of no kind")
}

func whole(text string, least int) (n int, ok bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= contract.MaxCount
}

func redact(raw string) string {
	if raw == "" {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil { // Load has refused it
		return "redacted"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
