package dashboard

import (
	"reflect"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
)

// The SDK's packages of a query and of the types of panels each import two further versions of its dashboards, which
// take longer to compile than the rest of the SDK. These are the fields of theirs that are written, in their order;
// TestGrafanaReadsTheDashboards has those packages read what is written.

// query asks Prometheus.
type query struct {
	Datasource   common.DataSourceRef `json:"datasource"`
	Expr         string               `json:"expr"`
	Instant      bool                 `json:"instant,omitempty"`
	LegendFormat string               `json:"legendFormat"`
	Range        *bool                `json:"range,omitempty"` // nil: true
	RefID        string               `json:"refId"`
	Interval     string               `json:"interval,omitempty"` // the least step, as a duration; empty: the source's
}

func (query) ImplementsDataqueryVariant()            {}
func (query) DataqueryType() string                  { return "prometheus" }
func (query) Validate() error                        { return nil }
func (q query) Equals(other variants.Dataquery) bool { return reflect.DeepEqual(q, other) }

// statOptions are of a panel of figures.
type statOptions struct {
	GraphMode              common.BigValueGraphMode      `json:"graphMode"`
	ColorMode              common.BigValueColorMode      `json:"colorMode"`
	JustifyMode            common.BigValueJustifyMode    `json:"justifyMode"`
	TextMode               common.BigValueTextMode       `json:"textMode"`
	WideLayout             bool                          `json:"wideLayout"`
	ShowPercentChange      bool                          `json:"showPercentChange"`
	ReduceOptions          common.ReduceDataOptions      `json:"reduceOptions"`
	PercentChangeColorMode common.PercentChangeColorMode `json:"percentChangeColorMode"`
	Orientation            common.VizOrientation         `json:"orientation"`
}

// gaugeOptions are of a panel of progress.
type gaugeOptions struct {
	ShowThresholdLabels  bool                     `json:"showThresholdLabels"`
	ShowThresholdMarkers bool                     `json:"showThresholdMarkers"`
	Sizing               common.BarGaugeSizing    `json:"sizing"`
	MinVizWidth          uint32                   `json:"minVizWidth"` // pixels
	ReduceOptions        common.ReduceDataOptions `json:"reduceOptions"`
	MinVizHeight         uint32                   `json:"minVizHeight"` // pixels
	Orientation          common.VizOrientation    `json:"orientation"`
}

// timelineOptions are of a panel of states.
type timelineOptions struct {
	ShowValue   common.VisibilityMode         `json:"showValue"`
	RowHeight   float64                       `json:"rowHeight"` // share of the height that there is
	MergeValues bool                          `json:"mergeValues"`
	AlignValue  common.TimelineValueAlignment `json:"alignValue"`
	Legend      common.VizLegendOptions       `json:"legend"`
	Tooltip     common.VizTooltipOptions      `json:"tooltip"`
	PerPage     int                           `json:"perPage"`
}

type timelineFields struct {
	LineWidth   uint32 `json:"lineWidth"`
	FillOpacity uint32 `json:"fillOpacity"` // percent
}

// graphOptions are of a panel of lines.
type graphOptions struct {
	Legend  common.VizLegendOptions  `json:"legend"`
	Tooltip common.VizTooltipOptions `json:"tooltip"`
}

// look is the panel's type, and the options and fields of that.
func (p *panel) look() (kind string, options, fields any) {
	of := common.ReduceDataOptions{Calcs: []string{"lastNotNull"}, Fields: new(""), Values: new(false)}
	legend := common.VizLegendOptions{
		DisplayMode: common.LegendDisplayModeList,
		Placement:   common.LegendPlacementBottom,
		ShowLegend:  true,
		Calcs:       []string{},
	}
	switch p.kind {
	case figure:
		return "stat", statOptions{
			GraphMode:              common.BigValueGraphModeNone,
			ColorMode:              common.BigValueColorModeValue,
			JustifyMode:            common.BigValueJustifyModeAuto,
			TextMode:               p.text,
			WideLayout:             true,
			ReduceOptions:          of,
			PercentChangeColorMode: common.PercentChangeColorModeStandard,
			Orientation:            common.VizOrientationAuto,
		}, nil
	case progress:
		return "gauge", gaugeOptions{
			ShowThresholdMarkers: true,
			Sizing:               common.BarGaugeSizingAuto,
			MinVizWidth:          75,
			ReduceOptions:        of,
			MinVizHeight:         75,
			Orientation:          common.VizOrientationAuto,
		}, nil
	case states:
		return "state-timeline", timelineOptions{
			ShowValue:   common.VisibilityModeNever,
			RowHeight:   0.8,
			MergeValues: true,
			AlignValue:  common.TimelineValueAlignmentLeft,
			Legend:      legend,
			Tooltip:     common.VizTooltipOptions{Mode: common.TooltipDisplayModeSingle, Sort: common.SortOrderNone},
			PerPage:     20,
		}, timelineFields{FillOpacity: 80}
	}
	legend.Calcs = []string{"max"}
	graphs := graphOptions{
		Legend:  legend,
		Tooltip: common.VizTooltipOptions{Mode: common.TooltipDisplayModeMulti, Sort: common.SortOrderDescending},
	}
	stacking, opacity, limit := common.StackingModeNone, 0.0, common.GraphThresholdsStyleModeOff
	if p.stacked {
		stacking, opacity = common.StackingModeNormal, 30
	}
	if p.limit != nil {
		limit = common.GraphThresholdsStyleModeDashed
	}
	return "timeseries", graphs, &common.GraphFieldConfig{
		DrawStyle:       new(common.GraphDrawStyleLine),
		LineWidth:       new(1.0),
		FillOpacity:     &opacity,
		ShowPoints:      new(common.VisibilityModeNever),
		SpanNulls:       &common.BoolOrFloat64{Bool: new(false)},
		Stacking:        &common.StackingConfig{Mode: &stacking, Group: new("A")},
		ThresholdsStyle: &common.GraphThresholdsStyleConfig{Mode: limit},
	}
}
