"""Parse the control structures, pipelines and variables of templates."""

from __future__ import annotations

from log_gateway.templates.nodes import Branch, Loop, Node, Output, Template, Term, Text
from log_gateway.templates.pipelines import Pipelines
from log_gateway.templates.tokens import Action, refuse, split

_DEEPEST = 30
_UNSUPPORTED = ("define", "template", "block", "break", "continue")


def parse_template(text: str) -> Template:
    """Return the template's syntax tree. QueryError for invalid or unsupported syntax."""
    return _Parser(split(text)).template()


class _Parser:
    def __init__(self, parts: list[str | Action]) -> None:
        self._parts = parts
        self._index = 0
        self._depth = 0
        self._pipelines = Pipelines()

    def template(self) -> Template:
        nodes, ending = self._nodes()
        if ending is not None:
            raise refuse(f"unexpected {{{{{ending.tokens[0].text}}}}}", ending.position)
        return Template(nodes, self._pipelines.slots)

    def _nodes(self) -> tuple[tuple[Node, ...], Action | None]:
        """Return nodes up to the end of the template or to an else or end action, which is also returned."""
        nodes: list[Node] = []
        while self._index < len(self._parts):
            part = self._parts[self._index]
            self._index += 1
            if isinstance(part, str):
                nodes.append(Text(part))
                continue
            word = part.tokens[0].text if part.tokens and part.tokens[0].kind == "name" else ""
            if word in ("else", "end"):
                return tuple(nodes), part
            nodes.append(self._node(part, word))
        return tuple(nodes), None

    def _node(self, action: Action, word: str) -> Node:
        if word in _UNSUPPORTED:
            raise refuse(f"{word} is not supported", action.position)
        if word in ("if", "with", "range"):
            return self._nested(action, word)
        return Output(self._pipelines.pipeline(action.tokens, action.position))

    def _nested(self, action: Action, word: str) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise refuse(f"if, with and range are nested more than {_DEEPEST} deep", action.position)
        scope = self._pipelines.open_scope()
        node = self._loop(action) if word == "range" else self._branch(action, word)
        self._pipelines.close_scope(scope)
        self._depth -= 1
        return node

    def _branch(self, action: Action, word: str) -> Branch:
        condition = self._pipelines.pipeline(action.tokens[1:], action.position)
        body, ending = self._nodes()
        return Branch(condition, body, self._otherwise(action, ending), sets_dot=word == "with")

    def _loop(self, action: Action) -> Loop:
        slots, value = self._loop_variables(action)
        body, ending = self._nodes()
        index_slot, element_slot = (None, slots[0]) if len(slots) == 1 else (*slots, None, None)[:2]
        return Loop(value, body, self._otherwise(action, ending), index_slot, element_slot)

    def _loop_variables(self, action: Action) -> tuple[list[int], Term]:
        tokens = action.tokens[1:]
        assign = next((index for index, token in enumerate(tokens[:4]) if token.text == ":="), None)
        if assign is None:
            return [], self._pipelines.pipeline(tokens, action.position)
        names = [token for token in tokens[:assign] if token.text != ","]
        if assign not in (1, 3) or any(token.kind != "variable" or token.text == "$" for token in names):
            raise refuse("range accepts $element := or $index, $element :=", action.position)
        value = self._pipelines.pipeline(tokens[assign + 1 :], action.position)
        return [self._pipelines.declare(token.text) for token in names], value

    def _otherwise(self, action: Action, ending: Action | None) -> tuple[Node, ...]:
        if ending is None:
            raise refuse("{{end}} is missing", action.position)
        words = [token.text for token in ending.tokens]
        if words == ["end"]:
            return ()
        if words == ["else"]:
            nodes, last = self._nodes()
            if last is None or last.tokens[0].text != "end" or len(last.tokens) > 1:
                raise refuse("{{end}} is missing", ending.position)
            return nodes
        if words[:2] in (["else", "if"], ["else", "with"]):
            return (self._nested(Action(ending.tokens[1:], ending.position), words[1]),)
        raise refuse(f"unexpected {{{{{' '.join(words)}}}}}", ending.position)
