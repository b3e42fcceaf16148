"""Shows domain values as they are: a model with the name, the description and the fields of the value's class."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_origin

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema

T = TypeVar("T")


class _AsModel:
    def __get_pydantic_core_schema__(self, shape: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(_model(shape))


Shown: TypeAlias = Annotated[T, _AsModel()]
"""Beside a domain value in a view: what the API shows of it."""


@cache
def _model(shape: type[Struct]) -> type[BaseModel]:
    shown: dict[str, Any] = {
        one.name: (_shown(one.type), Field(default_factory=one.default_factory))
        if one.default_factory is not NODEFAULT
        else (_shown(one.type), ... if one.required else one.default)
        for one in fields(shape)
    }
    config = ConfigDict(from_attributes=True, defer_build=True)
    return create_model(shape.__name__, __config__=config, __doc__=shape.__doc__, __module__=shape.__module__, **shown)


def _shown(kind: Any) -> Any:
    """Return a type with the model of each domain value in it."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _model(kind)
    origin, parts = get_origin(kind), tuple(map(_shown, get_args(kind)))
    if origin is UnionType:
        return reduce(or_, parts)
    return origin[parts] if origin in (tuple, frozenset) else kind
