"""The dashboard of orders: their funnel, and the queue, jobs, payments and e-mails that process them."""

from __future__ import annotations

from grafana.generator import units
from grafana.generator.frame import Page, Row, link
from grafana.generator.panels import When, bars, lines, number, series
from grafana.generator.sources import log_lines, now, over_time
from grafana.generator.thresholds import Limit

RATE = "$__rate_interval"


def page() -> Page:
    """Build the dashboard of orders from acceptance to e-mail."""
    help_text = "Orders from acceptance to confirmation: outcomes, queue, workers, payments and e-mails."
    rows = [_customers(), _funnel(), _queue(), _payment(), _logged()]
    return Page("glasshouse-orders", help_text, rows)


def _customers() -> Row:
    return Row(
        "Orders",
        [
            number(
                "Unfinished orders",
                "Orders that are not yet confirmed, failed or cancelled.",
                units.COUNT,
                over_time("max(shop_orders_unfinished)"),
            ),
            number(
                "Oldest unfinished order",
                "Age of the oldest unfinished order. 0 means that there is none.",
                units.SECONDS,
                over_time("max(shop_orders_oldest_unfinished_seconds)"),
                limit=Limit("OrdersStuck"),
            ),
            number(
                "Dead letters",
                "Orders that failed repeatedly. An admin can see the reasons and retry them.",
                units.COUNT,
                over_time("max(shop_dead_letters)"),
                limit=Limit("DeadLetters"),
            ),
            number(
                "Confirmed, 1 h",
                "Orders confirmed in the last hour.",
                units.COUNT,
                over_time('sum(increase(shop_orders_total{outcome="confirmed"}[1h]))'),
                decimals=0,
            ),
            number(
                "Revenue, 1 h",
                "Value of the orders confirmed in the last hour.",
                units.EUROS,
                over_time('sum(increase(shop_order_value_euros_sum{outcome="confirmed"}[1h]))'),
                decimals=0,
            ),
            number(
                "Customers watching",
                "Open event streams: customers who watch the progress of their order.",
                units.COUNT,
                over_time("sum(shop_order_streams)"),
            ),
        ],
    )


def _funnel() -> Row:
    return Row(
        "Order funnel",
        [
            bars(
                "Orders by state reached",
                "Orders that reached each state in the time range. Each bar is at most as long as the previous one.",
                units.COUNT,
                now("sort_desc(sum by (status) (increase(shop_order_transitions_total[$__range])))", "{{status}}"),
            ),
            series(
                "Orders by outcome",
                "Orders per second that were accepted by the API, confirmed, failed or cancelled.",
                units.OPERATIONS,
                [over_time(f"sum by (outcome) (rate(shop_orders_total[{RATE}]))", "{{outcome}}")],
                width=8,
            ),
            series(
                "Order duration: p95",
                "Time from acceptance to the final state, by outcome. 95 % of orders took at most this long.",
                units.SECONDS,
                [
                    over_time(
                        """histogram_quantile(0.95,
                        sum by (le, outcome) (rate(shop_order_fulfilment_seconds_bucket[5m])))""",
                        "{{outcome}}",
                    )
                ],
                width=8,
                limit=Limit("OrdersStuck"),
            ),
            series(
                "Postponed, retried, dead-lettered",
                "Orders per second that waited for a dependency, were retried or became dead letters.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(shop_orders_postponed_total[{RATE}]))", "postponed"),
                    over_time(f"sum(rate(shop_dead_letters_retried_total[{RATE}]))", "retried"),
                    over_time(f"sum(rate(shop_orders_dead_lettered_total[{RATE}]))", "dead letter"),
                    over_time(f"sum(rate(shop_orders_reenqueued_total[{RATE}]))", "re-enqueued"),
                ],
            ),
            series(
                "Sweeps",
                "Runs of the sweeper, which searches for unfinished orders, per second and by outcome.",
                units.OPERATIONS,
                [over_time(f"sum by (outcome) (rate(shop_sweeper_runs_total[{RATE}]))", "{{outcome}}")],
            ),
            series(
                "Failed orders by reason",
                "Failed orders per minute, by reason: out of stock or card declined.",
                units.COUNT,
                [over_time("sum by (reason) (rate(shop_orders_failed_total[5m])) * 60", "{{reason}}")],
                width=24,
                height=6,
            ),
        ],
    )


def _queue() -> Row:
    return Row(
        "Queue and workers",
        [
            series(
                "Jobs in the queue",
                "Jobs by state: queued, started, scheduled for later or failed.",
                units.COUNT,
                [over_time("max by (state) (rq_queue_jobs)", "{{state}}")],
                width=8,
            ),
            series(
                "Oldest job in the queue",
                "Age of the job that has waited longest in the queue.",
                units.SECONDS,
                [over_time("max by (queue) (rq_queue_oldest_job_age_seconds)", "{{queue}}")],
                width=8,
                limit=Limit("QueueOld"),
            ),
            series(
                "Jobs by outcome",
                "Jobs that ended per second: finished, to be retried, failed, or crashed with their process.",
                units.OPERATIONS,
                [over_time(f"sum by (outcome) (rate(rq_job_duration_seconds_count[{RATE}]))", "{{outcome}}")],
                width=8,
            ),
            series(
                "Job duration",
                "50 % and 95 % of jobs took at most this long.",
                units.SECONDS,
                [
                    over_time(
                        f"""histogram_quantile({quantile},
                        sum by (le, exported_job) (rate(rq_job_duration_seconds_bucket[5m])))""",
                        f"{{{{exported_job}}}} p{name}",
                    )
                    for quantile, name in (("0.5", "50"), ("0.95", "95"))
                ],
                width=8,
            ),
            series(
                "Time in the queue",
                "Time from enqueueing to start. 50 % and 95 % of jobs waited at most this long.",
                units.SECONDS,
                [
                    over_time(
                        f"histogram_quantile({quantile}, sum by (le) (rate(rq_job_wait_seconds_bucket[5m])))",
                        f"p{name}",
                    )
                    for quantile, name in (("0.5", "50"), ("0.95", "95"))
                ],
                width=8,
                limit=Limit("QueueOld"),
            ),
            series(
                "Workers",
                "Workers that Prometheus can scrape, and failures per second to read the queue's state.",
                units.COUNT,
                [
                    over_time('sum(up{job="worker"})', "workers up"),
                    over_time(f"sum(rate(rq_queue_scrape_errors_total[{RATE}]))", "queue read errors"),
                ],
                width=8,
                links={"Host and processes": link("glasshouse-host", job="worker")},
            ),
        ],
    )


def _payment() -> Row:
    return Row(
        "Payment, mail and stock",
        [
            series(
                "Charges by outcome",
                "Decisions of the payment service per second. An error is a charge that it could not decide.",
                units.OPERATIONS,
                [over_time(f"sum by (outcome) (rate(payment_charges_total[{RATE}]))", "{{outcome}}")],
                width=8,
            ),
            series(
                "Payment calls of workers: p95",
                "95 % of the workers' calls to the payment service were answered within this time, by status.",
                units.SECONDS,
                [
                    over_time(
                        """histogram_quantile(0.95, sum by (le, http_response_status_code) (rate(
                        http_client_request_duration_seconds_bucket{job="worker"}[5m])))""",
                        "{{http_response_status_code}}",
                        exemplar=True,
                    )
                ],
                width=8,
                limit=Limit("PaymentLatencyHigh"),
            ),
            series(
                "Payment service: p95",
                "95 % of charges took at most this long, as measured by the payment service.",
                units.SECONDS,
                [
                    over_time(
                        """histogram_quantile(0.95, sum by (le) (rate(
                        http_server_request_duration_seconds_bucket{job="payments", http_route="/v1/charges"}[5m])))""",
                        "p95",
                    )
                ],
                width=8,
                limit=Limit("PaymentLatencyHigh"),
            ),
            series(
                "Payment circuit",
                "The current state has value 1. Closed allows calls, open rejects them, half open allows one.",
                units.COUNT,
                [over_time('max by (state) (circuit_breaker_state{circuit="payments"})', "{{state}}")],
                width=8,
                maximum=1,
            ),
            series(
                "Confirmation e-mails",
                "Confirmations per second that were sent, and that the console's inbox received.",
                units.OPERATIONS,
                [
                    over_time(f"sum(rate(shop_mails_sent_total[{RATE}]))", "sent"),
                    over_time(
                        f'sum(rate(console_inbox_received_total{{kind="email", outcome="stored"}}[{RATE}]))', "received"
                    ),
                ],
                width=8,
            ),
            series(
                "Failed: out of stock or payment declined",
                "Failed orders, as a share of those that were confirmed or failed.",
                units.RATIO,
                [
                    over_time(
                        """sum(rate(shop_orders_total{outcome="failed"}[5m]))
                        / (sum(rate(shop_orders_total{outcome=~"failed|confirmed"}[5m])) > 0)""",
                        "failed",
                    )
                ],
                width=8,
            ),
        ],
    )


def _logged() -> Row:
    return Row(
        "Log lines of orders",
        [
            lines(
                "Failed or postponed orders",
                "Log lines of orders that failed, were postponed or were retried. Each links to its trace.",
                log_lines(
                    """{service_name=~"worker|sweeper|api"}
                    | event=~"order[.](failed|waiting|not_enqueued|dead_letter|revived)" """
                ),
                when=When("after an order failed", "an order whose payment is declined"),
            ),
        ],
    )
