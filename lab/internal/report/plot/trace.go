package plot

import (
	"math"
	"strconv"
)

// trace writes the data of an SVG path in few bytes: steps from point to point, in
// tenths of a pixel. The steps are between rounded places, so they do not drift.
type trace struct {
	data           []byte
	last           byte // command; numbers that follow are of the same
	x, y           int
	startX, startY int
}

func (t *trace) move(x, y int) {
	t.last = 0
	t.step('M', x, y)
	t.last = 0 // more numbers would be lines
	t.x, t.y, t.startX, t.startY = x, y, x, y
}

func (t *trace) line(x, y int) {
	dx, dy := x-t.x, y-t.y
	switch {
	case dx == 0 && dy == 0:
		return
	case dy == 0:
		t.step('h', dx)
	case dx == 0:
		t.step('v', dy)
	default:
		t.step('l', dx, dy)
	}
	t.x, t.y = x, y
}

func (t *trace) close() {
	t.data = append(t.data, 'z')
	t.last, t.x, t.y = 0, t.startX, t.startY
}

// circle is whole, and begins and ends at its rightmost point.
func (t *trace) circle(radius int) {
	t.step('a', radius, radius, 0, 10, 0, -2*radius, 0)
	t.step('a', radius, radius, 0, 10, 0, 2*radius, 0)
}

func (t *trace) step(command byte, numbers ...int) {
	repeated := t.last == command
	if !repeated {
		t.data = append(t.data, command)
		t.last = command
	}
	for i, n := range numbers {
		if n >= 0 && (i > 0 || repeated) { // a minus parts numbers too
			t.data = append(t.data, ' ')
		}
		t.data = append(t.data, tenths(n)...)
	}
}

func toTenths(pixels float64) int { return int(math.Round(10 * pixels)) }

// tenths writes a number of tenths: 12.3 · 12 · .5 · -.5
func tenths(n int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	whole, part := n/10, n%10
	switch {
	case part == 0:
		return sign + strconv.Itoa(whole)
	case whole == 0:
		return sign + "." + strconv.Itoa(part)
	}
	return sign + strconv.Itoa(whole) + "." + strconv.Itoa(part)
}
