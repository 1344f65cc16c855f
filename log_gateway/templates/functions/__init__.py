"""The functions of templates by name, except ``and`` and ``or``, which do not evaluate every argument."""

from __future__ import annotations

from log_gateway.templates.functions.builtin import BUILTIN
from log_gateway.templates.functions.dates import DATES
from log_gateway.templates.functions.encodings import ENCODINGS
from log_gateway.templates.functions.function import Function
from log_gateway.templates.functions.numbers import NUMBERS
from log_gateway.templates.functions.strings import STRINGS

FUNCTIONS: dict[str, Function] = BUILTIN | STRINGS | NUMBERS | DATES | ENCODINGS
