package metric

import (
	"github.com/prometheus/common/model"

	lab "stormwave/lab/internal/series"
)

// Directions of HostNetwork.
var (
	Received    = Named(received)
	Transmitted = Named(transmitted)
)

const (
	memTotal     = "node_memory_MemTotal_bytes"
	memAvailable = "node_memory_MemAvailable_bytes"
	received     = "node_network_receive_bytes_total"
	transmitted  = "node_network_transmit_bytes_total"
)

var (
	nodeCPU    = series("node", "node_cpu_seconds_total")
	working    = Unlike("mode", "idle|iowait")
	stolen     = Is("mode", "steal")
	serviceCPU = series("lab", lab.ServiceCPU)

	// Stacked devices pass on to others what is counted there.
	wholeDisks = Unlike("device", "(dm-|md|loop|ram|zram|sr|nbd|fd).*")
)

// The machine.
var (
	HostBusy = add("host_cpu_busy_ratio", Ratio, "share of all CPUs that works").
			from(nodeCPU, PartInLoad).counting(working).in(Machine, "CPU busy %").kept()
	HostSteal = add("host_cpu_steal_ratio", Ratio, "share of all CPUs that a hypervisor has taken away").
			from(nodeCPU, PartInLoad).counting(stolen).in(Machine, "CPU steal %")
	HostCPUPressure = add("host_psi_cpu_ratio", Ratio, "share of the time in which something waited for a CPU").
			from(series("node", "node_pressure_cpu_waiting_seconds_total"), TimeInLoad).in(Machine, "CPU pressure %")
	HostLoad = add("host_load1_max", Mean, "processes that run or wait to, in the mean of a minute").
			from(series("node", "node_load1"), Highest).in(Machine, "Load max")
	HostMemory = add("host_memory_used_bytes_max", Memory, "memory in use: total less available").
			from(series("node", memTotal, memAvailable), Highest).counting(Named(memTotal)).less(Named(memAvailable)).
			in(Machine, "Memory max MiB")
	HostNetwork = add("host_network_bytes_per_second", BytesASec, "bytes over all devices, the loopback included").
			from(series("node", received, transmitted), RateInLoad).in(Machine, "Network MB/s")
	HostDiskRead = add("host_disk_read_bytes_per_second", BytesASec, "bytes read from disks").
			from(series("node", "node_disk_read_bytes_total"), RateInLoad).counting(wholeDisks).
			in(Machine, "Disk read MB/s")
	HostDiskWritten = add("host_disk_written_bytes_per_second", BytesASec, "bytes written to disks").
			from(series("node", "node_disk_written_bytes_total"), RateInLoad).counting(wholeDisks).
			in(Machine, "Disk written MB/s")
	HostDiskBusy = add("host_disk_busy_ratio", Ratio, "share of the time in which the busiest disk had something to do").
			from(series("node", "node_disk_io_time_seconds_total"), TopTimeInLoad).counting(wholeDisks).
			in(Machine, "Disk busy %")

	// Not on every kernel.
	HostDiskPressure = add("host_psi_io_ratio", Ratio, "share of the time in which something waited for a disk").
				from(series("node", "node_pressure_io_waiting_seconds_total"), TimeInLoad)
	HostMemoryPressure = add("host_psi_memory_ratio", Ratio, "share of the time in which something waited for memory").
				from(series("node", "node_pressure_memory_waiting_seconds_total"), TimeInLoad)
	HostRunnable = add("host_runnable_mean", Mean, "processes that run or could, on average").
			from(series("node", "node_procs_running"), MeanOverLoad)
	// Steal is busy too: to the lab the CPU was not there.
	HostBusyCores = add("host_cpu_busy_cores", Cores, "CPUs that work").
			from(nodeCPU, RateInLoad).counting(working)
	HostStealCores = add("host_cpu_steal_cores", Cores, "CPUs that the hypervisor gave to others").
			from(nodeCPU, RateInLoad).counting(stolen)
	HostCPUs = add("host_cpus", Cores, "CPUs of the machine").
			from(nodeCPU, RateInLoad) // as many as have told their time
	HostLoadCurve = add("host_load1", Mean, "processes that run or wait to, in the mean of a minute").
			from(series("node", "node_load1"), Unread).kept()

	// HostOtherCores is made of the others: what is busy, less what is stolen and what services use.
	HostOtherCores = add("host_cpu_other_cores", Cores, "CPUs that work for none of the lab's services")

	MemoryTotal = live(Memory, "memory of the machine", series("node", memTotal), Level)
)

// The lab's services.
var (
	CPUCores = add("cpu_cores", Cores, "CPUs that a service uses, all its processes together").
			from(serviceCPU, RateInLoad).by("service").kept()
	CPULimit = add("cpu_limit_cores", Cores, "CPUs that a service may use, by affinity and quota").
			from(series("lab", lab.ServiceCPULimit), Highest).by("service")
	// Absent without a quota; that each service has a limit is always there.
	Throttled = add("service_throttled_periods_ratio", Ratio,
		"share of a quota's periods in which it held a service back").
		from(series("lab", lab.ServiceThrottled, lab.ServiceQuotaPeriods, lab.ServiceCPULimit), PartInLoad).
		counting(Named(lab.ServiceThrottled)).per(Named(lab.ServiceQuotaPeriods)).by("service")
	MemoryPSS = add("memory_pss_bytes_max", Memory, "proportional set size of a service's processes").
			from(series("lab", lab.ServicePSS), Highest).by("service")
	OpenFiles = add("supervisor_open_fds_max", Things, "files that the supervisor holds open").
			from(series("lab", "process_open_fds"), Highest)

	// Deaths are counted by the lab itself.
	Deaths = add("service_deaths", Things, "how often a service ended unasked").by("service")
	// Records from before Throttled hold the seconds in which a quota held a service back.
	ThrottledSeconds = add("service_throttled_ratio", Seconds, "seconds a second in which its quota held a service back").
				by("service")
)

// The CPU time of the backend, as Go's runtime divides it: what the garbage collector takes on CPUs that would idle is
// not among it.
const (
	gcAssist    = "go_cpu_classes_gc_mark_assist_cpu_seconds_total"
	gcDedicated = "go_cpu_classes_gc_mark_dedicated_cpu_seconds_total"
	gcPause     = "go_cpu_classes_gc_pause_cpu_seconds_total"
	goUser      = "go_cpu_classes_user_cpu_seconds_total"
)

// GCShare is what garbage collection costs the backend.
var GCShare = add("gc_cpu_ratio", Ratio, "share of the backend's CPU time that Go's garbage collector takes").
	from(series("app", gcAssist, gcDedicated, gcPause, goUser), PartInLoad).
	counting(Not(model.MetricNameLabel, goUser)).in(Machine, "Backend GC %").later().optional()
