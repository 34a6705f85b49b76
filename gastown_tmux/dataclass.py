"""The standard library's ``dataclass``, of which nothing is compiled before a class has its first instance.

The library compiles six methods for each class when its module is imported, and imports ``inspect`` to do so: that was
a third of what a short verb cost. Here ``__init__`` alone is compiled, and when it is first called. Type checkers see
the library's own; what is here keeps its promises for the arguments that it takes, and ``dataclasses.fields``,
``replace`` and ``asdict`` work on these classes too.
"""

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from dataclasses import asdict as asdict
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
    from typing import Any

#: The attribute of a class with its fields by name, in the order of ``__init__``.
_FIELDS = "__fields__"
_MISSING: "Any" = object()
_put = object.__setattr__


class _Field:
    __slots__ = ("default", "default_factory", "kw_only")

    def __init__(self, default: "Any", default_factory: "Any", kw_only: bool | None) -> None:
        self.default, self.default_factory, self.kw_only = default, default_factory, kw_only


def is_dataclass(value: object) -> bool:
    """Whether it is an instance of one."""
    return hasattr(type(value), _FIELDS)


def values_of(instance: object) -> "dict[str, Any]":
    """The fields and their values as they are: ``asdict`` goes into them."""
    return {name: getattr(instance, name) for name in getattr(instance, _FIELDS)}


def _field(*, default: "Any" = _MISSING, default_factory: "Any" = _MISSING, kw_only: bool | None = None) -> _Field:
    return _Field(default, default_factory, kw_only)


def _replace(instance: "Any", /, **changes: "Any") -> "Any":
    return type(instance)(**{**values_of(instance), **changes})


def _asdict(instance: object) -> "dict[str, Any]":
    return {name: _plain(value) for name, value in values_of(instance).items()}


def _plain(value: "Any") -> "Any":
    if is_dataclass(value):
        return _asdict(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    return value


def _dataclass(
    cls: "Any" = None, /, *, frozen: bool = False, slots: bool = False, kw_only: bool = False
) -> "type | Callable[[type], type]":
    return _make(cls, frozen, slots, kw_only) if cls else lambda cls: _make(cls, frozen, slots, kw_only)


def _make(cls: "Any", frozen: bool, slots: bool, kw_only: bool) -> type:
    given = cls.__dict__
    inherited: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited.update(base.__dict__.get(_FIELDS, {}))
    own = {name: _read(given, name, kw_only) for name in given.get("__annotations__", ())}
    fields = inherited | own
    if slots:
        known = {name for base in cls.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
        space = {name: value for name, value in given.items() if name not in own and name not in _NOT_COPIED}
        space["__slots__"] = tuple(name for name in fields if name not in known)
        cls = type(cls)(cls.__name__, cls.__bases__, {**space, "__qualname__": cls.__qualname__})
    else:
        for name, field in own.items():
            if field.default is not _MISSING:
                setattr(cls, name, field.default)
            elif name in given:
                delattr(cls, name)
    setattr(cls, _FIELDS, fields)
    _add_methods(cls, given, fields, frozen)
    return cls  # type: ignore[no-any-return]


#: What Python itself makes anew for a class.
_NOT_COPIED = frozenset(("__dict__", "__weakref__"))


def _read(given: "Mapping[str, Any]", name: str, kw_only: bool) -> _Field:
    value = given.get(name, _MISSING)
    field = value if isinstance(value, _Field) else _Field(value, _MISSING, None)
    if field.default.__class__.__hash__ is None:
        raise ValueError(f"the default of {name} would be shared by all instances: use default_factory")
    if field.kw_only is None:
        field.kw_only = kw_only
    return field


def _add_methods(cls: "Any", given: "Mapping[str, Any]", fields: "dict[str, _Field]", frozen: bool) -> None:
    get = _getter(tuple(fields))

    def compile_first(self: object, *args: object, **more: object) -> None:
        cls.__init__ = _compile(cls, fields, frozen)
        cls.__init__(self, *args, **more)

    def equal(self: object, other: object) -> bool:
        return get(self) == get(other) if other.__class__ is self.__class__ else NotImplemented

    methods: dict[str, Any] = {"__repr__": _show, "__eq__": equal, "__hash__": None}
    if frozen:
        methods["__hash__"] = lambda self: hash(get(self))
        methods |= {"__setattr__": _refuse, "__delattr__": _refuse, "__getstate__": _save, "__setstate__": _restore}
    methods["__match_args__"] = tuple(name for name, field in fields.items() if not field.kw_only)
    methods["__init__"] = compile_first
    methods["__dataclass_fields__"] = _LIBRARY_FIELDS
    for name, method in methods.items():
        # A class that says itself what is equal got None for its hash from Python, and did not choose it.
        if name not in given or (name == "__hash__" and given[name] is None and "__eq__" in given):
            setattr(cls, name, method)


def _getter(names: tuple[str, ...]) -> "Callable[[Any], tuple[Any, ...]]":
    match names:
        case ():
            return lambda instance: ()
        case (name,):
            return lambda instance: (getattr(instance, name),)
    get: Callable[[Any], tuple[Any, ...]] = attrgetter(*names)
    return get


def _compile(cls: type, fields: "dict[str, _Field]", frozen: bool) -> "Callable[..., None]":
    names: dict[str, Any] = {"__missing__": _MISSING, "__put__": _put}
    positional, keywords, body = list[str](), list[str](), list[str]()
    for name, field in fields.items():
        parameter, value = name, name
        if field.default is not _MISSING:
            names[f"__default_{name}__"] = field.default
            parameter = f"{name}=__default_{name}__"
        elif field.default_factory is not _MISSING:
            names[f"__make_{name}__"] = field.default_factory
            parameter, value = f"{name}=__missing__", f"__make_{name}__() if {name} is __missing__ else {name}"
        (keywords if field.kw_only else positional).append(parameter)
        body.append(f"__put__(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if keywords:
        positional += ["*", *keywords]
    lines = "\n    ".join(body) or "pass"
    exec(f"def __init__({', '.join(['self', *positional])}):\n    {lines}", names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _show(self: object) -> str:
    fields = ", ".join(f"{name}={value!r}" for name, value in values_of(self).items())
    return f"{type(self).__qualname__}({fields})"


def _refuse(self: object, name: str, value: object = None) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"{name} of a {type(self).__qualname__} cannot be changed")


def _save(self: object) -> "list[Any]":
    return list(values_of(self).values())


def _restore(self: object, state: "Iterable[Any]") -> None:
    for name, value in zip(getattr(self, _FIELDS), state, strict=True):
        _put(self, name, value)


class _LibraryFields:
    """``__dataclass_fields__``, made when the library asks for them first."""

    def __get__(self, instance: object, cls: "Any") -> "Any":
        import dataclasses

        made = [(name, object, dataclasses.field(**_as_given(field))) for name, field in getattr(cls, _FIELDS).items()]
        cls.__dataclass_fields__ = vars(dataclasses.make_dataclass(cls.__name__, made))["__dataclass_fields__"]
        return cls.__dataclass_fields__


def _as_given(field: _Field) -> "dict[str, Any]":
    given = {name: getattr(field, name) for name in ("default", "default_factory", "kw_only")}
    return {name: value for name, value in given.items() if value is not _MISSING}


_LIBRARY_FIELDS = _LibraryFields()

if not TYPE_CHECKING:
    asdict, dataclass, field, replace = _asdict, _dataclass, _field, _replace
