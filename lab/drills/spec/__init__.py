"""What a drill is: declared in one YAML file, checked before anything is broken. Schema: docs/drills.md."""
