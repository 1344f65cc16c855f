"""A drill's scenario: one YAML file, validated before any fault is injected. Schema: docs/reference/drills.md."""
