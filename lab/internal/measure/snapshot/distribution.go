package snapshot

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"stormwave/lab/internal/backend"
)

// distribution is a canonical metric that is read from native histograms.
type distribution struct {
	name   string
	from   string          // selector of the histograms
	reduce string          // PromQL of the milliseconds, with %[1]s for what the window adds to the histograms
	by     model.LabelName // one number for each value of the label; "": one
	recent bool            // the backend of an older commit does not keep it: then it is left out, and not missing
}

var (
	requestDuration = app.RequestDuration + `{job="app",route=~"` + alternatives(backend.Bundled.Routes) + `"}`
	acquireDuration = app.AcquireDuration + `{job="app"}`
	queryDuration   = app.QueryDuration + `{job="app"}`
	queryOKDuration = app.QueryOKDuration + `{job="app"}`
)

const meanOf = `1000 * histogram_sum(%[1]s) / histogram_count(%[1]s)`

var distributions = []distribution{
	{name: "http_mean_ms", from: requestDuration, reduce: meanOf},
	{name: "http_p95_ms", from: requestDuration, reduce: `1000 * histogram_quantile(0.95, %[1]s)`},
	{name: "http_p99_ms", from: requestDuration, reduce: `1000 * histogram_quantile(0.99, %[1]s)`},
	{name: "query_mean_ms", from: queryDuration, reduce: meanOf},
	{name: "query_ok_mean_ms", from: queryOKDuration, reduce: meanOf, recent: true},
	{name: "statement_mean_ms", from: queryDuration, reduce: meanOf, by: "statement"},
	// However the wait ended: without those who gave up, a mean flatters.
	{name: "pool_wait_mean_ms", from: acquireDuration, reduce: meanOf},
}

func (f *fetcher) readDistribution(ctx context.Context, d distribution, into *Reading) error {
	// The range reaches as far back as the sample at the start may lie, so that
	// both sums hold the same series, whether they still live at the end or not.
	sum := "sum"
	if d.by != "" {
		sum += " by (" + string(d.by) + ") "
	}
	added := fmt.Sprintf("(%[6]s(last_over_time(%[1]s[%[2]dms] @ %[3]s)) - %[6]s(last_over_time(%[1]s[%[4]dms] @ %[5]s)))",
		d.from, f.window.Settled.Sub(f.window.Start.Add(-edge)).Milliseconds(), seconds(f.window.Settled), edge.Milliseconds(), seconds(f.window.Start), sum)
	value, err := f.reader.query(ctx, fmt.Sprintf(d.reduce, added), f.window.Settled)
	if err != nil {
		return err
	}
	vector, ok := value.(model.Vector)
	if !ok || len(vector) == 0 || d.by == "" && len(vector) != 1 {
		if !d.recent {
			into.Missing = append(into.Missing, d.name)
		}
		return nil
	}
	for _, sample := range vector {
		if v := float64(sample.Value); !math.IsNaN(v) { // else nothing happened in the window
			into.Metrics[d.name+suffix(d.by, sample.Metric[d.by])] = v
		}
	}
	return nil
}

// seconds writes a time for PromQL's @.
func seconds(t time.Time) string { return fmt.Sprintf("%.3f", float64(t.UnixMilli())/1000) }

// alternatives returns a regular expression of the literal texts, quoted for PromQL.
func alternatives(texts []string) string {
	quoted := slices.Clone(texts)
	for i, text := range quoted {
		quoted[i] = strings.NewReplacer(`{`, `\\{`, `}`, `\\}`).Replace(text)
	}
	return strings.Join(quoted, "|")
}
