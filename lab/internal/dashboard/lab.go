package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/series"
)

// byPart adds the exporters up, and keeps all other services apart.
func byPart(query string) string {
	return `sum by (part) (label_replace(label_replace(` + query +
		`, "part", "$1", "service", "(.*)"), "part", "exporters", "service", ".*-exporter"))`
}

const someServices = `{service=~"$service"}`

// cpuOf is the CPU that services use.
func cpuOf(services string) string {
	return `rate(` + series.ServiceCPU + services + `[` + window + `])`
}

var lab = board{
	name:        "lab",
	title:       "Lab",
	description: "What the lab does at this moment, whether all of it runs, and what it costs.",
	variable: &variable{
		label:       "service",
		title:       "Service",
		description: "Services of the stack to show, k6 and the lab's helpers included.",
		from:        series.ServiceUp,
	},
	rows: []row{
		{"The run", []*panel{
			lines("Cell in progress", 10, "when it does not change for longer than a trial takes.",
				raw("{{cell}} · {{scenario}} · trial {{n}}", series.TrialInfo, metric.Things,
					"the cell under test now, with its scenario; nothing between trials")).
				figure(common.BigValueTextModeName),
			lines("Progress", 4, "when it stands still. A run may end early when it has measured enough, and go on longer when "+
				"trials are lost.",
				raw("done", `max(`+series.RunDone+`) / max(`+series.RunPlanned+`)`, metric.Ratio,
					"share of the planned trials that are done, of the run that has begun last")).progress().upTo(1),
			lines("Verdicts", 10, "about suspect ones (a noisy host, a busy generator) and invalid ones (the lab could not "+
				"measure): each tells its reasons in the report. Failed ones are results: the system under test failed.",
				verdictsDone).figure(common.BigValueTextModeValueAndName),
			lines("Trials done", 12, "when it becomes flat. The slope is the time that a trial takes.",
				raw("done", `max(`+series.RunDone+`)`, metric.Things, "trials that are done"),
				raw("planned", `max(`+series.RunPlanned+`)`, metric.Things, "as many as are planned")),
			lines("Verdicts over time", 12, "when suspect or invalid ones come in a row: something has changed on the host.",
				verdictsDone).stack(),
		}},
		{"Services", []*panel{
			lines("Services up", 12, "about a gap within a trial: that trial is failed or invalid. The backend is started "+
				"anew for each cell, and k6 lives for a trial.",
				raw("{{service}}", series.ServiceUp+someServices, metric.Things, "whether each service's process runs")).
				states("down", "up"),
			lines("Targets scraped", 12, "while one is down: what it measures is missing.",
				raw("{{job}}, {{instance}}", "up", metric.Things, "whether Prometheus could scrape each target")).
				states("down", "up"),
			lines("CPU by service", 8, "when one stays at what it may use, or when k6 is the largest: then the generator is "+
				"measured. The exporters are added up.",
				raw("{{part}}", byPart(cpuOf(someServices)), metric.Cores, metric.CPUCores.Help)),
			lines("CPU against its limit", 8, "when one stays above 90%: it is what the trial measures.",
				raw("{{service}}", cpuOf(`{service=~"$service",service!~".*-exporter"}`)+` / on (service) `+
					series.ServiceCPULimit, metric.Ratio,
					"CPU of each service as a share of what it may use, by affinity and quota")).worryAbove(0.9),
			lines("Memory by service", 8, "when one grows through the trials. Shared pages are split among those that share "+
				"them, so the sum is what is really used. The exporters are added up. Read every 10 s.",
				raw("{{part}}", byPart(series.ServicePSS+someServices), metric.Memory, metric.MemoryPSS.Help)),
		}},
		{"What the lab itself costs", []*panel{
			lines("CPU of watching", 8, "when it is a good part of the host: it is taken from what is measured. k6 is not "+
				"among them.",
				raw("{{part}}", byPart(cpuOf(`{service=~"prometheus|grafana|supervisor|.*-exporter"}`)), metric.Cores,
					"CPUs that Prometheus, the exporters and the supervisor use")),
			lines("CPU outside of the lab", 8, "above half a CPU: the host is not quiet, and trials become suspect.",
				raw("outside of the lab", `clamp_min(`+metric.HostBusyCores.Query(window)+` - `+
					metric.CPUCores.Query(window)+`, 0)`, metric.Cores, metric.HostOtherCores.Help)).worryAbove(0.5),
			lines("Time of a scrape", 8, "above 0.9 s: the next one is lost.",
				raw("job {{job}}", `max by (job) (scrape_duration_seconds)`, metric.Seconds,
					"how long each scrape takes, of the second that it may")).worryAbove(0.9),
			lines("Samples stored", 12, "when it jumps: a label has too many values.",
				raw("samples", `sum(rate(prometheus_tsdb_head_samples_appended_total[15s]))`, metric.EventsASec,
					"samples that Prometheus stores, of the scrapes and of k6")),
			lines("Series held", 12, "when it doubles within a run. Each backend start and each trial adds its own.",
				raw("series", `prometheus_tsdb_head_series`, metric.Things, "series that Prometheus holds in memory")),
		}},
	},
}

var verdictsDone = raw("{{verdict}}", `sum by (verdict) (`+series.RunVerdicts+`)`, metric.Things,
	"trials that are done, by verdict")
