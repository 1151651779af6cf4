package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
	"time"

	"stormwave/lab/internal/service"
)

// scrapeSwitchTimeout bounds how long Prometheus may take to begin or to end scraping.
const scrapeSwitchTimeout = 10 * time.Second

// scrape lets Prometheus scrape all targets, or none, and returns when it does so.
func (s *Stack) scrape(ctx context.Context, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, scrapeSwitchTimeout)
	defer cancel()
	s.Blind = !on
	if err := s.WritePrometheusConf(); err != nil {
		return fmt.Errorf("switch the scrapes: %w", err)
	}
	if err := s.members.signal(service.Prometheus, syscall.SIGHUP); err != nil {
		return fmt.Errorf("switch the scrapes: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		has, err := s.hasTargets(ctx)
		if err == nil && has == on {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("switch the scrapes: Prometheus has not followed in %s: %w; see `lab logs prometheus`",
				scrapeSwitchTimeout, ctx.Err())
		}
	}
}

// hasTargets says whether Prometheus has targets.
func (s *Stack) hasTargets(ctx context.Context) (bool, error) {
	text, err := service.Get(ctx, s.URL(service.Prometheus)+"/api/v1/targets?state=active")
	if err != nil {
		return false, err
	}
	var answer struct {
		Data struct {
			ActiveTargets []struct{} `json:"activeTargets"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return false, fmt.Errorf("read Prometheus' targets: %w", err)
	}
	return len(answer.Data.ActiveTargets) > 0, nil
}
