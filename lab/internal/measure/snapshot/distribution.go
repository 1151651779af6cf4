package snapshot

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
)

func (f *fetcher) readDistribution(ctx context.Context, m *metric.Metric, into *Reading) error {
	// The range reaches as far back as the sample at the start may lie, so that
	// both sums hold the same series, whether they still live at the end or not.
	sum := "sum"
	if m.By != "" {
		sum += " by (" + m.By + ") "
	}
	w, from := f.window, m.Family.String()
	until := func(at time.Time, reach time.Duration) string {
		return fmt.Sprintf("%s(last_over_time(%s[%dms] @ %s))", sum, from, reach.Milliseconds(), seconds(at))
	}
	added := "(" + until(w.Settled, w.Settled.Sub(w.Start.Add(-edge))) + " - " + until(w.Start, edge) + ")"
	value, err := f.reader.query(ctx, m.Distribution(added), w.Settled)
	if err != nil {
		return err
	}
	vector, ok := value.(model.Vector)
	if !ok || len(vector) == 0 || m.By == "" && len(vector) != 1 {
		into.miss(m, "")
		return nil
	}
	for _, sample := range vector {
		if v := float64(sample.Value); !math.IsNaN(v) { // else nothing happened in the window
			suffix := metric.Suffix(m.By, string(sample.Metric[model.LabelName(m.By)]))
			into.Metrics[m.Name+suffix] = v
		}
	}
	return nil
}

// seconds writes a time for PromQL's @.
func seconds(t time.Time) string { return fmt.Sprintf("%.3f", float64(t.UnixMilli())/1000) }
