package web

import (
	"context"
	"net/http"
	"time"

	"stormwave/app/contract"
)

// slowest is the longest query that may be asked for.
const slowest = time.Minute

// slow is GET /api/slow: a load can provoke timeouts with it. It is served only
// where it was asked for.
func (s *service) slow(ctx context.Context, r *http.Request, buf []byte) (int, []byte, error) {
	long, err := time.ParseDuration(r.URL.Query().Get(contract.SlowTime))
	if err != nil || long < 0 || long > slowest {
		return 0, nil, badRequest(
			"bad_"+contract.SlowTime, "%s must be a duration up to %s, such as 250ms", contract.SlowTime, slowest,
		)
	}
	session, err := s.session(ctx, r)
	if err != nil {
		return 0, nil, err
	}
	if err := s.store.Sleep(ctx, session, long); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, append(buf, `{"slept":true}`...), nil
}
