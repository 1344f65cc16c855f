"""``label_replace``: set a label from another label with a regular expression."""

from __future__ import annotations

import re

from log_gateway.evaluation.table import Row, Table
from log_gateway.logql.ast import LabelReplace
from log_gateway.values.regex import compiled

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)


def expanded(template: str, groups: dict[str, str]) -> str:
    """Expand ``$1``, ``${1}``, ``$name`` like Go's ``Regexp.Expand``. ``$$`` is a dollar; unknown names are empty."""
    return _REFERENCE.sub(lambda match: "$" if match[0] == "$$" else groups.get(match[1] or match[2], ""), template)


def replace_labels(node: LabelReplace, table: Table) -> Table:
    """Return the rows with the target set where the whole source value matches. An empty result removes it."""
    expression = compiled(f"^(?s:{node.pattern})$")
    names = {index: name for name, index in expression.groupindex.items()}

    def renamed(row: Row) -> Row:
        labels = dict(row.labels)
        match = expression.search(labels.get(node.source, ""))
        if match is None:
            return row
        groups: dict[str, str] = {}
        for index in range(expression.groups + 1):
            groups[str(index)] = match.group(index) or ""
            if index in names:
                groups[names[index]] = groups[str(index)]
        labels[node.target] = expanded(node.replacement, groups)
        if not labels[node.target]:
            del labels[node.target]
        return Row(tuple(sorted(labels.items())), row.cells)

    return [renamed(row) for row in table]
