"""The dashboard of the host: free resources of the machine, and the processes that use them."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import gauge, number, series
from grafana.generator.sources import over_time
from grafana.generator.tables import Column, Label, table
from grafana.generator.thresholds import Limit
from grafana.generator.variables import choice, services

RATE = "$__rate_interval"
CHOSEN = '{job=~"$job", instance=~"$instance"}'
DISKS = '{fstype!~"tmpfs|overlay|squashfs|ramfs|proc|sysfs|nsfs|fuse.*", mountpoint!~"/(proc|sys|dev|run)($|/.*)"}'


def page() -> Page:
    """Build the dashboard of the machine and its processes."""
    help_text = "Free resources of the machine, and what each process uses."
    instance = choice("instance", "Replica", "Processes (replicas of a service).", 'up{job=~"$job"}', "instance")
    return Page("glasshouse-host", help_text, [_up(), _host(), _processes(), _python()], [services(), instance])


def _up() -> Row:
    return Row(
        "Processes",
        [
            table(
                "Processes",
                "Every process: whether Prometheus can scrape it, its uptime, and the resources that it uses.",
                [
                    Label("job", "Service", link("glasshouse-host", job="${__data.fields.Service:percentencode}")),
                    Label("instance", "Replica"),
                ],
                [
                    Column("Up", f"max by (job, instance) (up{CHOSEN})", units.NONE, Limit("all", low=True)),
                    Column(
                        "Runs for",
                        f"max by (job, instance) (time() - process_start_time_seconds{CHOSEN})",
                        units.SECONDS,
                    ),
                    Column(
                        "CPU",
                        f"max by (job, instance) (rate(process_cpu_seconds_total{CHOSEN}[1m]))",
                        units.RATIO,
                        decimals=1,
                    ),
                    Column("Memory", f"max by (job, instance) (process_resident_memory_bytes{CHOSEN})", units.BYTES),
                    Column("Files", f"max by (job, instance) (process_open_fds{CHOSEN})", units.COUNT),
                ],
                height=12,
                width=16,
            ),
            series(
                "Restarts",
                "Restarts of processes within ten minutes.",
                units.COUNT,
                [over_time(f"max by (instance) (changes(process_start_time_seconds{CHOSEN}[10m]))", "{{instance}}")],
                width=8,
                height=12,
            ),
        ],
    )


def _host() -> Row:
    idle = 'node_cpu_seconds_total{mode="idle"}'
    return Row(
        "The machine",
        [
            gauge(
                "CPU used",
                "CPU use, as a share of all cores.",
                units.RATIO,
                over_time(f"1 - avg(rate({idle}[{RATE}]))"),
                limit=Limit("HostCpuHigh"),
            ),
            gauge(
                "Available memory",
                "Share of the memory that is available to programs.",
                units.RATIO,
                over_time("min(node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)"),
                limit=Limit("HostMemoryLow", low=True),
            ),
            gauge(
                "Disk used",
                "Used share of the fullest file system.",
                units.RATIO,
                over_time(f"max(1 - node_filesystem_avail_bytes{DISKS} / node_filesystem_size_bytes{DISKS})"),
                limit=Limit("HostDiskFull"),
            ),
            number(
                "Load per core",
                "Runnable programs per core, averaged over one minute. Above 1, some of them wait.",
                units.COUNT,
                over_time(f"max(node_load1) / count({idle})"),
                limit=Limit("none"),
                height=6,
                decimals=2,
            ),
            number(
                "Clock offset",
                "Offset of the machine's clock from the true time, as estimated by its time service.",
                units.SECONDS,
                over_time("max(abs(node_timex_offset_seconds))"),
                limit=Limit("ClockSkewed"),
                height=6,
            ),
            number(
                "Cores",
                "Number of cores of the machine.",
                units.COUNT,
                over_time(f"count({idle})"),
                height=6,
                graph=False,
            ),
            series(
                "CPU by use",
                "CPU use by mode, as a share of all cores. Steal: time used by other virtual machines.",
                units.RATIO,
                [over_time(f'avg by (mode) (rate(node_cpu_seconds_total{{mode!="idle"}}[{RATE}]))', "{{mode}}")],
                width=8,
                stack=True,
            ),
            series(
                "Memory",
                "Memory of the machine: total, and available to programs.",
                units.BYTES,
                [
                    over_time("max(node_memory_MemTotal_bytes)", "total"),
                    over_time("min(node_memory_MemAvailable_bytes)", "available"),
                ],
                width=8,
            ),
            series(
                "Disks",
                "Bytes read and written per second.",
                units.BYTES_PER_SECOND,
                [
                    over_time(f"sum(rate(node_disk_read_bytes_total[{RATE}]))", "read"),
                    over_time(f"sum(rate(node_disk_written_bytes_total[{RATE}]))", "written"),
                ],
                width=8,
            ),
        ],
    )


def _processes() -> Row:
    return Row(
        "Processes",
        [
            series(
                "CPU by process",
                "Share of one core that each process uses.",
                units.RATIO,
                [over_time(f"max by (instance) (rate(process_cpu_seconds_total{CHOSEN}[{RATE}]))", "{{instance}}")],
            ),
            series(
                "Memory by process",
                "Resident memory of each process. Constant growth indicates a leak.",
                units.BYTES,
                [over_time(f"max by (instance) (process_resident_memory_bytes{CHOSEN})", "{{instance}}")],
            ),
            series(
                "Open files",
                "Open files and connections, as a share of the limit of each process.",
                units.RATIO,
                [over_time(f"max by (instance) (process_open_fds{CHOSEN} / process_max_fds{CHOSEN})", "{{instance}}")],
                limit=Limit("FileDescriptorsHigh"),
                maximum=1,
            ),
            series(
                "Network",
                "Bytes received and sent per second over all interfaces.",
                units.BYTES_PER_SECOND,
                [
                    over_time(f"sum(rate(node_network_receive_bytes_total[{RATE}]))", "received"),
                    over_time(f"sum(rate(node_network_transmit_bytes_total[{RATE}]))", "sent"),
                ],
            ),
        ],
    )


def _python() -> Row:
    return Row(
        "Python",
        [
            series(
                "Garbage collections",
                "Collections of the oldest generation per second. Each one pauses the process briefly.",
                units.OPERATIONS,
                [
                    over_time(
                        f'sum by (instance) (rate(python_gc_collections_total{{generation="2", {CHOSEN[1:]}[{RATE}]))',
                        "{{instance}}",
                    )
                ],
            ),
            series(
                "Objects collected",
                "Objects per second that were freed by the garbage collector.",
                units.OPERATIONS,
                [
                    over_time(
                        f"sum by (instance) (rate(python_gc_objects_collected_total{CHOSEN}[{RATE}]))", "{{instance}}"
                    )
                ],
            ),
        ],
    )
