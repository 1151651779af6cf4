//go:build services

package dashboard

import (
	"bytes"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/gauge"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Grafana's own types take the files, and know every field of them. These types take longer to compile than
// all that the dashboards are made with, so that only the ring of services has them.
func TestGrafanaReadsTheDashboards(t *testing.T) {
	cog.NewRuntime().RegisterDataqueryVariant(prometheus.VariantConfig())
	for _, kind := range []variants.PanelcfgConfig{
		gauge.VariantConfig(), stat.VariantConfig(), statetimeline.VariantConfig(), timeseries.VariantConfig(),
	} {
		cog.NewRuntime().RegisterPanelcfgVariant(kind)
	}
	for file, text := range texts(t) {
		if err := strictly(text); err != "" {
			t.Errorf("%s: %s", file, err)
		}
		wrong := bytes.Replace(text, []byte(`"graphTooltip": 1`), []byte(`"graphTooltips": 1`), 1)
		if err := strictly(wrong); !strings.Contains(err, "graphTooltips") {
			t.Errorf("%s with a field that Grafana does not know: %q; want it named", file, err)
		}
	}
}

// strictly says what Grafana's types have against a dashboard. Without a mistake their error is an empty list.
func strictly(text []byte) string {
	if err := new(grafana.Dashboard).UnmarshalJSONStrict(text); err != nil {
		return err.Error()
	}
	return ""
}
