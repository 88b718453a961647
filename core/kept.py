"""What every click asks and writes, compiled once: Django builds its SQL anew each time, at the price of several answers.

    _locked = Kept(lambda pk, team: Meeting.objects.select_for_update().filter(pk=pk, team_id=team))
    found = _locked.first(12, 3)

The function is called once in each thread, with marks in place of values, and must build the same question whatever they are; each mark
stands where it is a parameter. So only whole numbers of bigint columns, and texts, may be asked for.

    insert(Activity(verb="point raised", …))

writes a row as `save(force_insert=True)` does; `insert_along` wants nothing back; `insert_once` leaves alone what a unique constraint
finds there already. `returned` reads rows that a statement of one's own gives back. None of them sends Django's signals: this house has no
use for them.
"""

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, Model, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from core import trips

_LIMIT = 2**63
_MARK = 9_000_000_000_000_000_001


class Kept[M: Model]:
    """One question."""

    def __init__(self, ask: Callable[..., QuerySet[M, Any]]) -> None:
        self.ask = ask
        self.own = threading.local()  # a compiled question belongs to its thread's connection

    def __call__(self, *values: int | str) -> list[Any]:
        """Its answer now."""
        if any(isinstance(value, int) and not -_LIMIT <= value < _LIMIT for value in values):
            return []  # an address may hold any number; no row has this one
        compiled = getattr(self.own, "compiled", None)
        if compiled is None:
            compiled = self.own.compiled = _Compiled(self.ask, values)
        return compiled.answer(values)

    def first(self, *values: int | str) -> Any:
        """The first of the answer, or None: end the question with `[:1]` where there may be many."""
        return next(iter(self(*values)), None)


class _Compiled:
    def __init__(self, ask: Callable[..., QuerySet[Any, Any]], values: Sequence[int | str]) -> None:
        marks = [_MARK + at if isinstance(value, int) else f"mark {at}" for at, value in enumerate(values)]
        self.rows: Any = ask(*marks).using(DEFAULT_DB_ALIAS)
        compiler: Any = self.rows.query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql, params = compiler.as_sql()
        self.params = list(params)
        self.places = [(at, marks.index(param)) for at, param in enumerate(self.params) if param in marks]
        if {mark for _, mark in self.places} != set(range(len(marks))):
            raise ValueError("Each value must stand in the question as a parameter of its own")
        converters = compiler.get_converters([each[0] for each in compiler.select[: compiler.col_count]])
        compiler.as_sql = lambda *args, **kwargs: (self.sql, tuple(self.params))
        compiler.get_converters = lambda expressions: converters
        vars(self.rows.query)["get_compiler"] = lambda *args, **kwargs: compiler

    def answer(self, values: Sequence[int | str]) -> list[Any]:
        for at, mark in self.places:
            self.params[at] = type(self.params[at])(values[mark])
        return list(self.rows._iterable_class(self.rows))


# --- Rows that are written ---


class _Shape[M: Model]:
    """How rows of one model are written and read back."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self.fields: list[Field[Any, Any]] = list(model._meta.concrete_fields)
        self.new = [field for field in self.fields if not field.primary_key]
        self.names = [field.attname for field in self.fields]
        quote = connection.ops.quote_name
        self.columns = ", ".join(quote(field.column or "") for field in self.fields)
        compiler: Any = model._base_manager.order_by().query.get_compiler(DEFAULT_DB_ALIAS)
        compiler.setup_query()
        self.converters = list(compiler.get_converters([each[0] for each in compiler.select]).items())
        self.inserts = {conflict: self._insert(conflict) for conflict in (None, OnConflict.IGNORE)}

    def _insert(self, conflict: OnConflict | None) -> str:
        query = InsertQuery(self.model, on_conflict=conflict)
        query.insert_values(self.new, [self.model()], raw=True)
        ((sql, params),) = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        if sql.count("%s") != len(self.new) or len(params) != len(self.new):
            raise ValueError(f"{self.model.__name__} has columns that are more than values")
        return str(sql)

    def values(self, row: M) -> list[Any]:
        return [field.get_db_prep_save(field.pre_save(row, True), connection) for field in self.new]

    def read(self, found: Sequence[Any]) -> M:
        values = list(found)
        for at, (converters, expression) in self.converters:
            for convert in converters:
                values[at] = convert(values[at], expression, connection)
        return self.model.from_db(DEFAULT_DB_ALIAS, self.names, values)


@cache
def _shape_of[M: Model](model: type[M]) -> _Shape[M]:
    return _Shape(model)


def _written[M: Model](row: M, conflict: OnConflict | None) -> M | None:
    shape = _shape_of(type(row))
    sql = f"{shape.inserts[conflict]} RETURNING {shape.columns}"
    return next(iter(returned(type(row), sql, shape.values(row))), None)


def insert[M: Model](row: M) -> M:
    """Write a new row. Returns it as the database has it."""
    made = _written(row, None)
    assert made is not None
    return made


def insert_once[M: Model](row: M) -> M | None:
    """Write a new row, unless a unique constraint finds one there. Returns it as the database has it, or None."""
    return _written(row, OnConflict.IGNORE)


def insert_along(row: Model) -> None:
    """Write a new row of which nothing is wanted back, not even its id: it goes to the database with the next statement (core/trips.py)."""
    shape = _shape_of(type(row))
    trips.execute(shape.inserts[None], shape.values(row))


def columns_of(model: type[Model]) -> str:
    """What a statement of one's own must return, so that `returned` can read it."""
    return _shape_of(model).columns


def returned[M: Model](model: type[M], sql: str, params: Sequence[Any]) -> list[M]:
    """The rows that a statement gives back, which ends with RETURNING and `columns_of(model)`."""
    shape = _shape_of(model)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [shape.read(found) for found in cursor.fetchall()]
