package store

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"

	"stormwave/app/contract"
)

//go:embed schema.sql
var schemaSQL string

// UnusableHash has the form and the cost of a password's hash (bcrypt, cost 10),
// and no password is known to match it. The data set's users carry it, and a
// log-in of an unknown user is compared with it, to take as long as any other.
const UnusableHash = "$2a$10$....................................................."

// WriteSchema writes the SQL that makes the tables, the data set of that many
// users and posts, and the rights of the role app. The same numbers always give
// the same bytes. It is several statements, with a transaction of their own.
func WriteSchema(w io.Writer, users, posts int) error {
	if users < contract.AuthorShare {
		return fmt.Errorf(
			"write schema: %d users: give at least %d, for one in %d writes the posts", users, contract.AuthorShare,
			contract.AuthorShare,
		)
	}
	authors := users / contract.AuthorShare
	if posts < authors*contract.FeedPage {
		return fmt.Errorf("write schema: %d posts do not give each of %d authors a page of %d: give at least %d",
			posts, authors, contract.FeedPage, authors*contract.FeedPage)
	}
	_, err := strings.NewReplacer(
		"{{users}}", strconv.Itoa(users),
		"{{authors}}", strconv.Itoa(authors),
		"{{posts}}", strconv.Itoa(posts),
		"{{next_user}}", strconv.Itoa(users+1),
		"{{next_post}}", strconv.Itoa(posts+1),
		"{{hash}}", UnusableHash,
	).WriteString(w, schemaSQL)
	if err != nil {
		return fmt.Errorf("write schema: %w", err)
	}
	return nil
}
