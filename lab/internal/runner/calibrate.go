package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/search/calibrate"
)

// CalibrateLimit is how long the steps of a calibration take at most.
const CalibrateLimit = 2 * time.Minute

// What its steps take.
const (
	calibrateStep = 0.3              // of the length of a level: 6 s
	calibrateCost = 15 * time.Second // at most, with the start of k6 and answers that are late
)

// calibrate finds out, before the first block, by what the loads are multiplied to be as hard on this machine as the
// plan says, and writes that into the plan: a run that is resumed has it there. Where there is no knee, the plan
// says why and its loads stay as they are. An error means that nothing could be measured.
func (r *Runner) calibrate(ctx context.Context) error {
	if len(r.Plan.Calibrate) == 0 || r.Plan.Calibration != nil {
		return nil
	}
	found, err := r.findKnee(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("calibrate: %w", err)
	}
	r.Plan.Calibration = found
	if r.Calibrated != nil {
		r.Calibrated(r.Plan)
	}
	return record.WriteJSON(r.Dir.Plan(), r.Plan)
}

// findKnee asks the baseline for rising rates, and scales the loads by the knee.
func (r *Runner) findKnee(ctx context.Context) (*matrix.Calibration, error) {
	baseline := r.Plan.Baseline()
	tops, err := r.tops(ctx, baseline)
	if err != nil {
		return nil, err
	}
	level := matrix.Scenario{Name: matrix.LevelScenario, Scale: calibrateStep}
	if _, err := r.Stack.Apply(ctx, baseline.Settings, r.Plan.CPUs); err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("apply the baseline: %w", err))
	}
	if _, err := r.Stack.Reset(ctx); err != nil {
		return nil, r.abandon(ctx, err)
	}
	failed, slow := r.Plan.SLO.ErrorRatio, r.Plan.SLO.SlowRatio()
	found := &matrix.Calibration{}
	script, err := r.Scripts.of(ctx, level, baseline.Settings, 1)
	if err != nil {
		return nil, r.abandon(ctx, err)
	}
	if _, err := r.Warm(ctx, r.config(script)); err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("warm up: %w", err))
	}
	begin := time.Now()
	rate := calibrate.Next(nil, failed, slow)
	for rate > 0 && time.Since(begin)+calibrateCost <= CalibrateLimit {
		script, err := r.Scripts.of(ctx, level, baseline.Settings, rate/matrix.LevelRate)
		if err != nil {
			return nil, r.abandon(ctx, err)
		}
		step, err := r.step(ctx, script, rate, baseline)
		if err != nil {
			return nil, r.abandon(ctx, err)
		}
		found.Steps = append(found.Steps, step)
		rate = calibrate.Next(found.Steps, failed, slow)
	}
	if err := r.quiesce(ctx); err != nil {
		return nil, err
	}
	return found, r.scale(found, tops)
}

// tops are the highest rates that the scripts of the calibrated scenarios ask for by themselves.
func (r *Runner) tops(ctx context.Context, baseline matrix.Cell) (map[string]float64, error) {
	tops := make(map[string]float64)
	for _, s := range r.Plan.Scenarios {
		if _, asked := r.Plan.Calibrate[s.String()]; !asked {
			continue
		}
		script, err := r.Scripts.of(ctx, s, baseline.Settings, 1)
		if err != nil {
			return nil, err
		}
		if tops[s.String()] = script.Top(); tops[s.String()] == 0 {
			return nil, fmt.Errorf("the script of %s does not tell how many requests it asks for: declare the pause of its "+
				"users, as ramping of scenarios/lib/load.js does", s)
		}
	}
	return tops, nil
}

// step loads the baseline with one rate.
func (r *Runner) step(
	ctx context.Context, script load.Script, rate float64, baseline matrix.Cell,
) (calibrate.Step, error) {
	config := r.config(script)
	config.Quota = k6Quota(baseline.Settings)
	config.Tags = map[string]string{"shot": "0"}
	result, err := r.RunK6(ctx, config)
	if err != nil {
		return calibrate.Step{}, fmt.Errorf("a step of %.0f requests per second: %w", rate, err)
	}
	_, spare := spareCPU(result.Load, config.CPUs, config.Quota)
	return calibrate.Step{
		From:     rate,
		To:       rate,
		Seconds:  script.Nominal.Seconds(),
		Requests: result.Load.Requests,
		Failed:   result.Load.Failed,
		Slow:     *result.Load.Slow,
		Full:     !spare,
	}, nil
}

// scale fills in the knee and the factors, or why there are none.
func (r *Runner) scale(found *matrix.Calibration, tops map[string]float64) error {
	knee, err := calibrate.Knee(found.Steps, r.Plan.SLO.ErrorRatio, r.Plan.SLO.SlowRatio())
	if errors.Is(err, calibrate.ErrGenerator) || errors.Is(err, calibrate.ErrTop) || errors.Is(err, calibrate.ErrBottom) {
		found.Why = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	found.Knee = knee
	found.Loads = make(map[string]matrix.Scaled)
	for name, top := range tops {
		factor, err := calibrate.Factor(knee, r.Plan.Calibrate[name], top, 0)
		if err != nil {
			return err
		}
		found.Loads[name] = matrix.Scaled{Factor: factor, Top: top}
	}
	return nil
}
