"""What the policy in force decides, and how well it knows what it is asked."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.panels import dashboard, lines, number, quantiles, rate


def board() -> Dashboard:
    """The policy: decisions, time, envelope."""
    return dashboard(
        "policy",
        "Policy",
        "What the policy in force decides, and how well it knows what it is asked.",
        {
            "In force": [
                number("Policies", "count(nightshift_policy_info)", "Policies in force."),
                number(
                    "Invalid actions",
                    "sum(nightshift_policy_invalid_actions_total)",
                    "Decisions that the mask forbids; must stay 0.",
                    bad=1,
                ),
            ],
            "Decisions": [
                lines("Decisions", [rate("nightshift_policy_decisions_total", "policy")], "A second."),
                lines(
                    "Time of a decision",
                    quantiles("nightshift_policy_inference_seconds", "policy"),
                    "A batch averaged.",
                    unit="s",
                ),
                lines(
                    "Reward",
                    [("max by (policy) (nightshift_policy_episode_reward)", "{{policy}}")],
                    "Of the latest batch; 0 is a plan as good as the dispatch rule's it is scaled by.",
                ),
            ],
            "What it knows": [
                lines(
                    "Distance from the envelope",
                    quantiles("nightshift_policy_envelope_distance_ratio", "policy", of=(0.5, 0.9)),
                    "In factors of two; 0 is inside what it was trained on.",
                ),
                lines(
                    "Batches declined",
                    [rate("nightshift_policy_declined_total", "reason", each=60)],
                    "A minute: another start was taken.",
                ),
            ],
        },
    )
