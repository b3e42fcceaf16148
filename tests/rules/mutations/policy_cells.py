"""The mutations of the policy's table (P1-P12): each cell of each line is flipped, one at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from client_lifecycle.domain.policy import TABLE, Actor, Rule
from client_lifecycle.domain.settings import Switch
from tests.rules.mutation import Mutation

POLICY = "client_lifecycle.domain.policy"


def cells() -> list[Mutation]:
    """Every line with its answer while archived flipped, with each actor and each switch put in or taken away."""
    lines = _lines()
    return [
        Mutation(
            rule=rule.number,
            what=f"{action}: {what}",
            module=POLICY,
            old=lines[action.name],
            new=f"Action.{action.name}: {_written(flipped)}",
        )
        for action, rule in TABLE.items()
        for what, flipped in _flipped(rule)
    ]


def _flipped(rule: Rule) -> Iterator[tuple[str, Rule]]:
    yield f"{'refused' if rule.while_archived else 'allowed'} while archived", _answered(rule)
    for actor in Actor:
        yield f"{actor} {'no longer' if actor in rule.actors else 'too'}", _for_actor(rule, actor)
    for switch in Switch:
        yield f"switch {switch} {'ignored' if switch is rule.switch else 'asked'}", _switched(rule, switch)
    for actor in rule.actors if rule.switch else ():
        said = "ignored" if actor in rule.switched else "asked"
        yield f"switch {said} for {actor}", replace(rule, switched=_toggled(rule.switched, actor))


def _answered(rule: Rule) -> Rule:
    return replace(rule, while_archived=not rule.while_archived)


def _for_actor(rule: Rule, actor: Actor) -> Rule:
    actors = _toggled(rule.actors, actor)
    return replace(rule, actors=actors, switched=tuple(one for one in rule.switched if one in actors))


def _switched(rule: Rule, switch: Switch) -> Rule:
    if switch is rule.switch:
        return replace(rule, switch=None, switched=())
    return replace(rule, switch=switch, switched=rule.switched or rule.actors)


def _toggled(actors: tuple[Actor, ...], actor: Actor) -> tuple[Actor, ...]:
    return tuple(one for one in actors if one is not actor) if actor in actors else (*actors, actor)


def _lines() -> Mapping[str, str]:
    """The text of each line of the table, by the name of its action."""
    source = Mutation(rule="", what="", module=POLICY, old="", new="").file.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict) and ast.unparse(node.target) == "TABLE":
            rows = zip(node.value.keys, node.value.values, strict=True)
            return {key.attr: _between(source, key, value) for key, value in rows if isinstance(key, ast.Attribute)}
    raise LookupError("the policy has no TABLE")


def _between(source: str, first: ast.expr, last: ast.expr) -> str:
    lines = source.splitlines(keepends=True)
    begin = sum(map(len, lines[: first.lineno - 1])) + first.col_offset
    end = sum(map(len, lines[: (last.end_lineno or 0) - 1])) + (last.end_col_offset or 0)
    return source[begin:end]


def _written(rule: Rule) -> str:
    """A line as the table writes it."""
    switch = f"Switch.{rule.switch.name}" if rule.switch else None
    return (
        f"Rule(number={rule.number!r}, actors={_actors(rule.actors)}, while_archived={rule.while_archived}, "
        f"switch={switch}, switched={_actors(rule.switched)})"
    )


def _actors(actors: tuple[Actor, ...]) -> str:
    return f"({''.join(f'Actor.{actor.name}, ' for actor in actors)})"
