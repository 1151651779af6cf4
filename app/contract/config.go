package contract

// Config is the answer of RouteConfig.
type Config struct {
	Settings map[string]string `json:"settings"` // by environment variable; URLs without user and password
	Pools    map[string]Pool   `json:"pools"`    // by target
}

// Pool is what a live session of a pool says about itself, for the lab to hold
// against what was asked for.
type Pool struct {
	MaxConns         int32  `json:"max_conns"`
	TotalConns       int32  `json:"total_conns"`
	ServerVersion    string `json:"server_version"`
	InRecovery       bool   `json:"in_recovery"`       // the session is on a standby
	StatementTimeout string `json:"statement_timeout"` // as SHOW prints it
	LockTimeout      string `json:"lock_timeout"`      // as SHOW prints it
	SSLMode          string `json:"sslmode"`           // how connections are opened: disable, prefer or require
}
