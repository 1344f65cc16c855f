"""Read spec files, which contain one or several YAML documents."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import ValidationError

from alerts.generator.errors import WrongFile, refused
from alerts.generator.spec import Slo, Spec
from alerts.generator.windows import Windows


def read(file: Path, windows: Windows) -> list[Spec]:
    """Return the specs of a file, checked against ``windows``. Raises ``WrongFile``."""
    try:
        documents = [document for document in yaml.safe_load_all(file.read_text()) if document is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongFile(f"{file}: cannot be read: {error}") from error
    if not documents:
        raise WrongFile(f"{file}: is empty; a document begins with version: prometheus/v1")
    specs: list[Spec] = []
    for number, document in enumerate(documents, 1):
        where = f"document {number}: " if len(documents) > 1 else ""
        try:
            spec = Spec.model_validate(document)
        except ValidationError as error:
            raise refused(file, document, where, error) from error
        if spec.service in {known.service for known in specs}:
            raise WrongFile(f"{file}: {where}service: {spec.service} has a document already")
        for slo in spec.slos:
            check_reachable(file, where, slo, windows)
        specs.append(spec)
    return specs


def check_reachable(file: Path, where: str, slo: Slo, windows: Windows) -> None:
    """Raise ``WrongFile`` if an alert could never fire because its limit is an error ratio of 1 or more."""
    for name, tier in windows.tiers.items():
        limit = Decimal(str(tier.factor)) * slo.budget
        if limit >= 1 and not slo.alerting.of(tier.severity).disable:
            raise WrongFile(
                f"{file}: {where}slos ({slo.name}): objective: with {slo.objective}% the tier {name} would only fire"
                f" above {tier.factor:g} × {slo.budget:f} = {limit:f} of all events, which is impossible:"
                f" use a higher objective or alerting.{tier.severity}_alert.disable: true"
            )
