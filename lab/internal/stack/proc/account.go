package proc

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// Account is a user of the operating system.
type Account struct {
	Name     string
	UID, GID uint32
}

// Caller returns the account that this program runs as.
func Caller() (Account, error) {
	u, err := user.Current()
	if err != nil {
		return Account{}, fmt.Errorf("look up own account: %w", err)
	}
	return accountOf(u)
}

// Lookup returns the account with that name.
func Lookup(name string) (Account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return Account{}, fmt.Errorf("look up account %s: %w", name, err)
	}
	return accountOf(u)
}

func accountOf(u *user.User) (Account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return Account{}, fmt.Errorf("look up account %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return Account{}, fmt.Errorf("look up account %s: %w", u.Username, err)
	}
	return Account{Name: u.Username, UID: uint32(uid), GID: uint32(gid)}, nil
}

// IsRoot reports whether this program runs as root.
func IsRoot() bool { return os.Geteuid() == 0 }
