"""Parse the contents of an action: pipelines of commands, their arguments and variables."""

from __future__ import annotations

from collections.abc import Sequence

from log_gateway.errors import QueryError
from log_gateway.templates.functions import FUNCTIONS
from log_gateway.templates.nodes import Assignment, Call, Dot, Field, Literal, Term, Variable
from log_gateway.templates.tokens import Token, refuse
from log_gateway.values.literals import unquote

_DEEPEST = 30
_LAZY = ("and", "or")
_CONSTANTS: dict[str, object] = {"true": True, "false": False, "nil": None}


class Pipelines:
    """Converts tokens to terms and tracks the variables in scope."""

    def __init__(self) -> None:
        self._variables: list[tuple[str, int]] = [("$", 0)]
        self.slots = 1

    def open_scope(self) -> int:
        """Open a scope and return a mark that closes it."""
        return len(self._variables)

    def close_scope(self, mark: int) -> None:
        """Remove the variables declared since the mark."""
        del self._variables[mark:]

    def declare(self, name: str) -> int:
        """Allocate a slot for a new variable."""
        self._variables.append((name, self.slots))
        self.slots += 1
        return self.slots - 1

    def _slot(self, token: Token) -> int:
        for name, slot in reversed(self._variables):
            if name == token.text:
                return slot
        raise refuse(f"undefined variable {token.text}", token.position)

    def pipeline(self, tokens: Sequence[Token], position: int, depth: int = 0) -> Term:
        """Parse ``a | b x | c``, where each result is the last argument of the next command."""
        if depth > _DEEPEST:
            raise refuse(f"parentheses are nested more than {_DEEPEST} deep", position)
        if len(tokens) > 1 and tokens[0].kind == "variable" and tokens[1].text in (":=", "="):
            value = self.pipeline(tokens[2:], position, depth)
            declared = tokens[1].text == ":="
            return Assignment(self.declare(tokens[0].text) if declared else self._slot(tokens[0]), value)
        result: Term | None = None
        for command in _split_commands(tokens):
            if not command:
                raise refuse("a value or a function is missing", position)
            result = self._command(command, result, depth)
        if result is None:
            raise refuse("a value or a function is missing", position)
        return result

    def _command(self, tokens: Sequence[Token], piped: Term | None, depth: int) -> Term:
        first = tokens[0]
        terms = self._terms(tokens, depth)
        if first.kind == "name" and first.text not in _CONSTANTS and isinstance(terms[0], Call):
            if len(tokens) > 1 and tokens[1].kind == "field" and tokens[1].joined:
                raise refuse(f"a field of {first.text} needs parentheses", first.position)
            arguments = (*terms[1:], piped) if piped is not None else tuple(terms[1:])
            _check_count(first, len(arguments))
            return Call(first.text, arguments)
        if len(terms) > 1 or piped is not None:
            raise refuse(f"{first.text!r} is not a function and takes no arguments", first.position)
        return terms[0]

    def _terms(self, tokens: Sequence[Token], depth: int) -> list[Term]:
        terms: list[Term] = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.text == "(":
                closing = _closing(tokens, index)
                terms.append(self.pipeline(tokens[index + 1 : closing], token.position, depth + 1))
                index = closing + 1
            else:
                if token.kind == "field" and token.joined and index > 0:
                    raise refuse(f"unexpected {token.text}", token.position)
                terms.append(self._term(token))
                if len(terms) > 1 and token.kind == "name" and token.text not in _CONSTANTS:
                    _check_count(token, 0)
                index += 1
            names = []
            while index < len(tokens) and tokens[index].kind == "field" and tokens[index].joined:
                names.append(tokens[index].text[1:])
                index += 1
            if names:
                terms[-1] = _fields(terms[-1], tuple(names))
        return terms

    def _term(self, token: Token) -> Term:
        match token.kind:
            case "field":
                return Field(Dot(), (token.text[1:],))
            case "dot":
                return Dot()
            case "variable":
                return Variable(self._slot(token))
            case "string":
                try:
                    return Literal(unquote(token.text, token.position))
                except QueryError as error:
                    raise refuse(str(error), token.position) from error
            case "char":
                return Literal(_character(token))
            case "number":
                return Literal(_number(token.text))
            case "name":
                return self._named(token)
        raise refuse(f"unexpected {token.text!r}", token.position)

    def _named(self, token: Token) -> Term:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if token.text not in FUNCTIONS and token.text not in _LAZY:
            raise refuse(
                f"function {token.text!r} is not supported; supported are {', '.join(sorted([*FUNCTIONS, *_LAZY]))}",
                token.position,
            )
        return Call(token.text)


def _fields(base: Term, names: tuple[str, ...]) -> Field:
    return Field(base.base, base.names + names) if isinstance(base, Field) else Field(base, names)


def _check_count(token: Token, count: int) -> None:
    """Check the number of arguments. Go does this while executing the template; here the query is rejected."""
    least, most = FUNCTIONS[token.text].counts if token.text in FUNCTIONS else (1, None)
    if count < least or (most is not None and count > most):
        wanted = str(least) if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        raise refuse(f"wrong number of arguments for {token.text}: {count}, not {wanted}", token.position)


def _split_commands(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    commands, start, depth = [], 0, 0
    for index, token in enumerate(tokens):
        if token.kind == "mark":
            depth += (token.text == "(") - (token.text == ")")
            if token.text == "|" and depth == 0:
                commands.append(tokens[start:index])
                start = index + 1
    commands.append(tokens[start:])
    return commands


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += (tokens[index].text == "(" and tokens[index].kind == "mark") - (
            tokens[index].text == ")" and tokens[index].kind == "mark"
        )
        if depth == 0:
            return index
    raise refuse("a closing parenthesis is missing", tokens[opening].position)


def _number(text: str) -> int | float:
    bare = text.lstrip("+-").lower()
    if bare.startswith("0x"):
        return int(text, 16)
    if any(mark in bare for mark in ".e"):
        return float(text)
    return int(text) if len(text) < 20 else float(text)


def _character(token: Token) -> int:
    body = token.text[1:-1].replace("\\'", "'")
    text = unquote(f'"{body}"', token.position) if body != '"' else body
    if len(text) != 1:
        raise refuse(f"{token.text} is not one character", token.position)
    return ord(text)
