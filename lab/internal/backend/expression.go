package backend

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Expression is arithmetic over settings that are numbers, and over "replica", which is 1 where reads go to a replica
// and else 0: + - * ( ), as in "pool_size * (1 + replica)".
type Expression string

// replicaWord is the variable of an Expression that no setting is.
const replicaWord = "replica"

// Of returns the value with these settings. ok is false for the zero Expression, and where a setting has no bound.
func (e Expression) Of(settings map[string]string, replica bool) (value int, ok bool) {
	if e == "" {
		return 0, false
	}
	bound := true
	value, err := e.eval(func(name string) (int, error) {
		if name == replicaWord {
			if replica {
				return 1, nil
			}
			return 0, nil
		}
		n, err := strconv.Atoi(settings[name])
		bound = bound && err == nil
		return n, nil
	})
	return value, bound && err == nil
}

// names are the variables of an expression, which is one.
func (e Expression) names() (names []string, err error) {
	_, err = e.eval(func(name string) (int, error) {
		names = append(names, name)
		return 0, nil
	})
	return names, err
}

func (e Expression) eval(variable func(string) (int, error)) (int, error) {
	x := &expression{rest: string(e), variable: variable}
	value, err := x.sum()
	if err == nil && x.next() != "" {
		err = fmt.Errorf("%s is not expected there", x.next())
	}
	return value, err
}

// expression is what is left to read of one.
type expression struct {
	rest     string
	depth    int
	variable func(string) (int, error)
}

// maxDepth of parentheses is far above any that anybody writes.
const maxDepth = 16

// next is the next word, number or sign; empty: there is none.
func (x *expression) next() string {
	x.rest = strings.TrimLeft(x.rest, " ")
	end := strings.IndexFunc(x.rest, func(r rune) bool {
		return r != '_' && !(r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)))
	})
	switch {
	case end < 0:
		return x.rest
	case end == 0:
		for _, r := range x.rest {
			return string(r)
		}
	}
	return x.rest[:end]
}

func (x *expression) take(word string) bool {
	if x.next() != word || word == "" {
		return false
	}
	x.rest = x.rest[len(word):]
	return true
}

func (x *expression) sum() (int, error) {
	value, err := x.product()
	for err == nil {
		sign := 0
		switch {
		case x.take("+"):
			sign = 1
		case x.take("-"):
			sign = -1
		default:
			return value, nil
		}
		var other int
		other, err = x.product()
		value += sign * other
	}
	return 0, err
}

func (x *expression) product() (int, error) {
	value, err := x.factor()
	for err == nil && x.take("*") {
		var other int
		other, err = x.factor()
		value *= other
	}
	return value, err
}

func (x *expression) factor() (int, error) {
	if x.take("(") {
		if x.depth++; x.depth > maxDepth {
			return 0, fmt.Errorf("it has more than %d parentheses", maxDepth)
		}
		value, err := x.sum()
		if err == nil && !x.take(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return value, err
	}
	word := x.next()
	if word == "" {
		return 0, fmt.Errorf("it ends too early")
	}
	if n, err := strconv.Atoi(word); err == nil && n <= MaxCount {
		x.take(word)
		return n, nil
	}
	if !unicode.IsLower(rune(word[0])) {
		return 0, fmt.Errorf("%s is neither a number nor a setting", strconv.Quote(word))
	}
	x.take(word)
	return x.variable(word)
}
