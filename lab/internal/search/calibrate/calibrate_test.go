package calibrate

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// probe is a load that rises to 1,200 per second in steps of 100 on a baseline that carries so many:
// above, what is too much fails.
func probe(carried float64, spoil func(i int, s *Step)) []Step {
	var steps []Step
	for i := range 12 {
		s := Step{From: float64(100 * i), To: float64(100 * (i + 1)), Seconds: 8}
		s.Requests = int64(s.rate() * s.Seconds)
		s.Failed = int64(math.Max(0, s.rate()-carried) * s.Seconds)
		if spoil != nil {
			spoil(i, &s)
		}
		steps = append(steps, s)
	}
	return steps
}

func TestKnee(t *testing.T) {
	for _, c := range []struct {
		name      string
		steps     []Step
		low, high float64
		err       error
	}{
		{"between two steps", probe(640, nil), 550, 655, nil},
		{"early", probe(160, nil), 100, 255, nil},
		{"one step is disturbed", probe(840, func(i int, s *Step) {
			if i == 3 {
				s.Failed = s.Requests / 50
			}
		}), 750, 855, nil},
		{"slow ones count", probe(2000, func(i int, s *Step) {
			if i >= 6 {
				s.Slow = s.Requests / 10
			}
		}), 550, 655, nil},
		{"what was due and not sent failed", probe(2000, func(i int, s *Step) {
			if i >= 6 {
				s.Requests /= 2
			}
		}), 550, 655, nil},
		{"the edges of a step lack a few", probe(840, func(_ int, s *Step) {
			s.Requests -= s.Requests / 100
		}), 750, 855, nil},
		{"a rate held when it was asked again", append(probe(840, nil), Step{
			From:     300,
			To:       400,
			Seconds:  8,
			Requests: 2000,
			Failed:   1900,
		}), 750, 855, nil},
		{"it held", probe(2000, nil), 0, 0, ErrTop},
		{"no steps", nil, 0, 0, ErrTop},
		{"from the first step on", probe(1, nil), 0, 0, ErrBottom},
		{"the generator is full first", probe(2000, func(i int, s *Step) { s.Full = i >= 8 }), 0, 0, ErrGenerator},
		{"full after the knee", probe(640, func(i int, s *Step) { s.Full = i >= 8 }), 550, 655, nil},
	} {
		knee, err := Knee(c.steps, 0.01, 0.01)
		if !errors.Is(err, c.err) || knee < c.low || knee > c.high {
			t.Errorf("%s: %.0f, %v; want %.0f to %.0f, %v", c.name, knee, err, c.low, c.high, c.err)
		}
	}
}

// The wave that comes of it has the baseline's knee between 55% and 78% of its height, whatever the
// machine carries and however noisy it is.
func TestWaveRisesAsHighAsTheStudys(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 5))
	for range 200 {
		carried := 150 + 900*random.Float64()
		var steps []Step
		for to := 100.0; to < 2000; to *= 1.2 { // 17 steps of 7 s: two minutes
			s := Step{From: to / 1.2, To: to, Seconds: 7}
			s.Requests = int64(s.rate() * s.Seconds)
			now := carried * math.Exp(0.04*random.NormFloat64())
			s.Failed = int64(math.Max(0, s.rate()-now) * s.Seconds)
			steps = append(steps, s)
		}
		knee, err := Knee(steps, 0.01, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		factor, err := Factor(knee, Wave, 1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		if at := carried / (1000 * factor); at < 0.55 || at > 0.78 {
			t.Errorf("it carries %.0f per second, %.0f%% of the wave of %.0f; want 55 to 78%%", carried, 100*at, 1000*factor)
		}
	}
}

func TestFactor(t *testing.T) {
	for _, c := range []struct {
		knee, height, top, most float64
		want                    float64
		err                     bool
	}{
		{640, Wave, 1000, 0, 0.96, false},
		{640, Storm, 2000, 0, 1.02, false},
		{1234.5, Wave, 1000, 0, 1.85, false},
		{1234.5, Storm, 2000, 4000, 1.98, false},
		{1234.5, Storm, 2000, 3000, 0, true},
		{0, Wave, 1000, 0, 0, true},
		{math.NaN(), Wave, 1000, 0, 0, true},
	} {
		got, err := Factor(c.knee, c.height, c.top, c.most)
		if got != c.want || (err != nil) != c.err {
			t.Errorf("a knee of %g, height %g of %g: %g, %v; want %g", c.knee, c.height, c.top, got, err, c.want)
		}
	}
	if _, err := Factor(1000, Storm, 2000, 3000); !errors.Is(err, ErrGenerator) {
		t.Errorf("beyond the generator: %v; want %v", err, ErrGenerator)
	}
}

func TestNext(t *testing.T) {
	step := func(rate float64, failed int64) Step {
		return Step{From: rate, To: rate, Seconds: 6, Requests: int64(6 * rate), Failed: failed}
	}
	full := func(rate float64) Step {
		s := step(rate, 0)
		s.Full = true
		return s
	}
	for _, c := range []struct {
		name  string
		steps []Step
		want  float64
	}{
		{"the first", nil, 100},
		{"doubled", []Step{step(100, 0), step(200, 0)}, 400},
		{"a miss is asked again", []Step{step(100, 0), step(200, 100)}, 200},
		{"it held after all", []Step{step(100, 0), step(200, 100), step(200, 0)}, 400},
		{"between", []Step{step(100, 0), step(200, 100), step(200, 100)}, 141},
		{"narrow enough", []Step{step(100, 0), step(200, 90), step(200, 90), step(170, 0)}, 0},
		{"halved", []Step{step(100, 90), step(100, 90)}, 50},
		{"nothing holds", []Step{step(12, 70), step(12, 70)}, 0},
		{"the generator is full first", []Step{step(100, 0), full(200)}, 0},
		{"full above a miss", []Step{full(400), step(200, 100), step(200, 100), step(100, 0)}, 141},
	} {
		if got := Next(c.steps, 0.01, 0.01); got != c.want {
			t.Errorf("%s: %g; want %g", c.name, got, c.want)
		}
	}
}

// Asked by Next, whatever the machine carries, the wave has the baseline's knee between 55% and 78% of its height,
// after no more steps of 6 s, with a start of k6 to each, than two minutes take.
func TestStepsFindTheKneeWithinTwoMinutes(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 5))
	for range 300 {
		carried := 40 * math.Exp(3.5*random.Float64()) // 40 to 1,300 per second
		var steps []Step
		for rate := Next(nil, 0.01, 0.01); rate > 0; rate = Next(steps, 0.01, 0.01) {
			s := Step{From: rate, To: rate, Seconds: 6, Requests: int64(6 * rate)}
			now := carried * math.Exp(0.04*random.NormFloat64())
			s.Failed = int64(math.Max(0, rate-now) * s.Seconds)
			if steps = append(steps, s); len(steps) > 13 {
				t.Fatalf("it carries %.0f: %d steps; want at most 13", carried, len(steps))
			}
		}
		knee, err := Knee(steps, 0.01, 0.01)
		if at := carried / (Wave * knee); err != nil || at < 0.55 || at > 0.78 {
			t.Errorf("it carries %.0f per second, %.0f%% of the wave; want 55 to 78%% (%v)", carried, 100*at, err)
		}
	}
}
