"""The generator of the dashboards: one module per dashboard, and common modules."""
