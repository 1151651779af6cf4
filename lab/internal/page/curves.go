package page

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	liveSpan = 5 * time.Minute
	liveStep = 2 * time.Second
	// shortestWindow that a rate is over: k6 and the exporters give a sample a second.
	shortestWindow = 4 * time.Second
	// settled is how long after its time a value may still change: k6 writes what it has
	// measured up to a second late, and Prometheus takes it in order.
	settled = 10 * time.Second
	// lateness is how far behind the clock the newest point is.
	lateness = time.Second

	archivePoints = 300
	shortestStep  = time.Second

	askTimeout = 3 * time.Second
	askAtOnce  = 2
)

// charts draws the charts at most once for each point of the grid, whoever looks, and
// asks Prometheus only for what it does not know already.
type charts struct {
	ask     *asker
	archive *Archive

	mu     sync.Mutex
	grid   grid
	end    int64             // the newest point that is known; 0: none
	tracks map[string]*track // by chart and name in the legend
	known  []drawnChart      // what was made of them
	err    error
}

// drawnChart is a chart as the page shows it.
type drawnChart struct {
	ID, Title, Unit string
	Lines           []line
	SVG             string // empty: there is nothing to draw
}

// line is one line of a chart.
type line struct {
	Name   string
	Values []float64 // at the points of the grid; NaN: none
}

// picture is all charts at a moment.
type picture struct {
	Version string
	Charts  []drawnChart
	Err     error
}

func newCharts(ask *asker, archive *Archive) *charts {
	c := &charts{
		ask:     ask,
		archive: archive,
		grid:    grid{step: liveStep, points: int64(liveSpan / liveStep)},
		tracks:  make(map[string]*track),
	}
	if archive != nil {
		span := archive.End.Sub(archive.Start)
		step := max(shortestStep, (span/archivePoints).Truncate(time.Second)+time.Second)
		c.grid = grid{step: step, points: int64(span/step) + 2}
	}
	return c
}

// read returns the charts as of now.
func (c *charts) read(ctx context.Context, now time.Time, marks []mark) picture {
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.grid.last(now.Add(-lateness))
	if c.archive != nil {
		to = c.grid.last(c.archive.End) + 1
	}
	if to != c.end || c.err != nil && c.archive != nil {
		c.advance(ctx, to, marks)
	}
	return picture{Version: fmt.Sprintf("%d-%t", c.end, c.err != nil), Charts: c.known, Err: c.err}
}

// advance brings the curves up to a point, and draws them. The viewer that it is done
// for may leave, others wait for the same.
func (c *charts) advance(ctx context.Context, to int64, marks []mark) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	from := to - c.grid.points + 1
	if c.end != 0 && c.end <= to && c.err == nil { // the clock may have been set back
		from = max(from, c.end-int64(settled/c.grid.step)+1)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askAtOnce)
	var mu sync.Mutex
	for _, ch := range drawn {
		for _, cv := range ch.curves {
			group.Go(func() error {
				fresh, err := c.ask.samples(ctx, c.grid, from, to, strings.ReplaceAll(cv.query, window, c.grid.window()), cv.label)
				if err != nil {
					return fmt.Errorf("draw %s: %w", ch.title, err)
				}
				mu.Lock()
				defer mu.Unlock()
				c.take(ch, cv, fresh, from, to)
				return nil
			})
		}
	}
	c.err = group.Wait()
	if c.err != nil {
		clear(c.tracks) // parts of it are at different times
	}
	c.end = to
	c.known = c.known[:0:0]
	for _, ch := range drawn {
		c.known = append(c.known, c.chart(ch, marks))
	}
}

// take files what a query has given from one point to another.
func (c *charts) take(ch chart, cv curve, fresh map[string][]sample, from, to int64) {
	names := cv.names()
	for _, name := range names {
		c.track(ch, name).move(from, to, c.grid.points)
	}
	for value, samples := range fresh {
		name := cv.nameOf(value)
		if name == "" {
			continue
		}
		c.track(ch, name).add(samples)
	}
}

func (c *charts) track(ch chart, name string) *track {
	key := ch.id + "\x00" + name
	if c.tracks[key] == nil {
		c.tracks[key] = &track{}
	}
	return c.tracks[key]
}

// names are those of the curve's lines, in the order of their colours.
func (cv curve) names() []string {
	switch {
	case cv.label == "":
		return []string{cv.name}
	case cv.rest == "":
		return cv.order
	}
	return append(slices.Clone(cv.order), cv.rest)
}

// nameOf returns the name of the line that a label's value belongs to; empty: to none.
func (cv curve) nameOf(value string) string {
	switch {
	case cv.label == "":
		return cv.name
	case slices.Contains(cv.order, value):
		return value
	}
	return cv.rest
}

// track holds the values of one line at the points of the grid up to its end.
type track struct {
	end    int64
	values []float64 // NaN: none
}

// move makes to the newest point, and forgets the values from a point on.
func (t *track) move(from, to, points int64) {
	values := make([]float64, points)
	for i := range values {
		values[i] = math.NaN()
		if at := to - points + 1 + int64(i); at < from && len(t.values) > 0 {
			if j := at - (t.end - int64(len(t.values)) + 1); j >= 0 && j < int64(len(t.values)) {
				values[i] = t.values[j]
			}
		}
	}
	t.end, t.values = to, values
}

// add adds values; where there is one already, their sum counts.
func (t *track) add(samples []sample) {
	for _, s := range samples {
		i := s.at - (t.end - int64(len(t.values)) + 1)
		switch {
		case i < 0 || i >= int64(len(t.values)):
		case math.IsNaN(t.values[i]):
			t.values[i] = s.value
		default:
			t.values[i] += s.value
		}
	}
}

// chart draws one chart of what is known.
func (c *charts) chart(ch chart, marks []mark) drawnChart {
	d := drawnChart{ID: ch.id, Title: ch.title, Unit: ch.unit}
	for _, cv := range ch.curves {
		for _, name := range cv.names() {
			l := line{Name: name, Values: c.track(ch, name).values}
			d.Lines = append(d.Lines, l)
		}
	}
	if c.err != nil || !slices.ContainsFunc(d.Lines, line.any) {
		return d
	}
	svg, err := d.draw(c.grid, c.end, marks)
	if err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("draw %s: %w", ch.title, err))
		return d
	}
	d.SVG = svg
	return d
}

// any says whether the line has a value at all.
func (l line) any() bool {
	return slices.ContainsFunc(l.Values, func(v float64) bool { return !math.IsNaN(v) })
}

// nowPoints is how many of the newest points may lack a value that is told as of now.
const nowPoints = 3

// Now is the newest value, if it is of now.
func (l line) Now() float64 {
	for i := len(l.Values) - 1; i >= max(0, len(l.Values)-nowPoints); i-- {
		if !math.IsNaN(l.Values[i]) {
			return l.Values[i]
		}
	}
	return math.NaN()
}

// Peak is the highest value.
func (l line) Peak() float64 {
	peak := math.NaN()
	for _, v := range l.Values {
		if !math.IsNaN(v) && !(v <= peak) {
			peak = v
		}
	}
	return peak
}

// mark is the time of a trial under load.
type mark struct {
	Start, End time.Time // End zero: it goes on
	Label      string
}
