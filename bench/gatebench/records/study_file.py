"""``results/<study>/study.json``: which trials belong to a study, by stage. This is the one place that writes it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.files import Unwritable, update_json
from gatebench.records import aside, reported, views
from gatebench.records.contrasts import ALL, UNDECLARED, Contrasts, Declaration
from gatebench.records.schema import Labels, Point, Stage, StudyFile, decode_study

_DAMAGE = (ValueError, KeyError, AttributeError, TypeError, RecursionError)


_REMEDY = "give the sweep's command again, which makes it anew and retrains nothing"


class Membership(NamedTuple):
    """What a trial is in a study."""

    labels: Labels
    """Labels of its point."""
    stage: Stage
    pipeline: int
    group: str
    """Its comparison group in words, or the part of it that a page shows."""


def path(results: Path, study: str) -> Path:
    """Return where a study's file stands."""
    return results / study / "study.json"


def read(results: Path, study: str) -> list[Point]:
    """Return the points of a study, in the order in which they were planned; ``BadInput`` if there is none.

    A damaged file is said, set aside and made anew of what is known; ``BadInput`` if nothing is.
    """
    file = _existing(results, study)
    try:
        return list(_decode(file.read_bytes()).points.values())
    except _DAMAGE as error:
        return _made_anew(results, study, error)


def read_as_it_is(results: Path, study: str) -> list[Point]:
    """Return the points of a study in somebody else's folder, as `read` does; ``BadInput`` if its file is damaged."""
    file = _existing(results, study)
    with _explained(file):
        return list(_decode(file.read_bytes()).points.values())


def _existing(results: Path, study: str) -> Path:
    """Return the path of a study's file; ``BadInput`` if there is none."""
    file = path(results, study)
    if not file.is_file():
        studies = sorted(other.parent.name for other in results.glob("*/study.json"))
        raise BadInput(
            f"no study '{study}' in {results}{did_you_mean(study, studies)}; run it first: gatebench sweep study={study}"
        )
    return file


def _decode(text: str | bytes) -> StudyFile:
    """Decode a study's file; ``ValueError`` if it is damaged, such as in a label, which is there twice."""
    content = decode_study(text)
    for name, point in content.points.items():
        if name != point.name:
            raise ValueError(f"point '{shorten(name)}' is called '{shorten(point.name)}' inside")
    return content


def _made_anew(results: Path, study: str, error: Exception) -> list[Point]:
    """Make a damaged file anew, and return its points; ``BadInput`` if nothing is known of them."""
    file = path(results, study)
    try:
        add_points(results, study, [])
    except Unwritable:  # a folder of somebody else, which is only looked at
        points = reported.points(file.parent)
    else:
        with _explained(file):
            points = list(_decode(file.read_bytes()).points.values()) if file.is_file() else []
    if not points:
        raise BadInput(f"{file} is damaged ({shorten(error)}) and nothing else says what the study is; {_REMEDY}")
    return points


def _set_aside(results: Path, study: str, error: Exception) -> dict[str, Point]:
    """Set a damaged file aside and say so; returns what its points were, by name, as far as that is known."""
    file = path(results, study)
    points = {point.name: point for point in reported.points(file.parent)}
    known = f"{reported.NAME} of its last report tells {len(points)} points" if points else "nothing of it is known"
    moved = aside.move(results, file, f"{study}.{file.name}", f"{known}; {_REMEDY}")
    aside.say([f"{file} is damaged ({shorten(error)}); {moved}"])
    return points


def keys(points: list[Point]) -> list[str]:
    """Return the keys of all trials of these points."""
    return [key for point in points for key in point.keys]


def declaration(results: Path, study: str) -> Declaration:
    """Return the family of contrasts of a study; every pair where nothing was declared, or there is no such study."""
    file = path(results, study)
    if not file.is_file():
        return UNDECLARED
    with _explained(file):
        content = decode_study(file.read_bytes())
        return Declaration(content.contrasts, content.contrasts_before_results)


def declare(results: Path, study: str, contrasts: Contrasts, finished: Collection[str]) -> Declaration:
    """Declare the family of contrasts of a study, and return it.

    Where a trial of the study is among the ``finished`` ones, by key, another family than before is kept beside the one that
    was declared before there were results; who returns to that one has declared nothing since.
    """

    def change(text: str | None) -> dict[str, Any] | None:
        content = StudyFile(study=study, points={}) if text is None else decode_study(text)
        if contrasts == content.contrasts:
            return None
        before = content.contrasts_before_results or content.contrasts
        is_late = before != contrasts and any(key in finished for key in keys(list(content.points.values())))
        return _as_written(replace(content, contrasts=contrasts, contrasts_before_results=before if is_late else None))

    file = path(results, study)
    with suppress(BadInput):
        read(results, study)  # which makes a damaged file anew
    with _explained(file):
        update_json(file, change)
    return declaration(results, study)


def bring_declaration(results: Path, study: str, declared: Declaration) -> None:
    """Give a study that is not here yet the family of contrasts that another folder has; one that is here keeps its own."""
    if not path(results, study).is_file() and declared != UNDECLARED:
        content = StudyFile(study=study, points={}, contrasts=declared.contrasts, contrasts_before_results=declared.before)
        update_json(path(results, study), lambda text: _as_written(content) if text is None else None)


def add_points(results: Path, study: str, points: list[Point]) -> None:
    """Add points to a study's file, each merged with the one that has the same name; other points stay.

    A file to which nothing is new is not written: what an earlier version published stays byte for byte.
    """

    def change(text: str | None) -> dict[str, Any] | None:
        content, is_there = StudyFile(study=study, points={}), False
        try:
            content, is_there = (content, False) if text is None else (_decode(text), True)
        except _DAMAGE as error:
            content = replace(content, points=_set_aside(results, study, error))
            if not content.points and not points:
                return None
        before = dict(content.points)
        for point in points:
            former = content.points.get(point.name)
            content.points[point.name] = point if former is None else merged(former, point)
        return None if is_there and content.points == before else _as_written(content)

    update_json(path(results, study), change)


def unite(results: Path, study: str, points: list[Point]) -> list[Point]:
    """Add to a study's file what another folder knows of it; returns the points that say otherwise, which are left out."""
    file = path(results, study)

    def change(text: str | None) -> dict[str, Any] | None:
        content = StudyFile(study=study, points={}) if text is None else _decode(text)
        before = dict(content.points)
        content.points.update({name: point for name, point in _united(before, points).items() if point is not None})
        return None if text is not None and content.points == before else _as_written(content)

    with _explained(file):
        before = _decode(file.read_bytes()).points if file.is_file() else {}
        if any(point != before.get(name) for name, point in _united(before, points).items() if point is not None):
            update_json(file, change)
    return saying_otherwise(results, study, points)


def saying_otherwise(results: Path, study: str, points: list[Point]) -> list[Point]:
    """Return those points that cannot be united with what the study's file says of them."""
    if not path(results, study).is_file():
        return []
    with _explained(path(results, study)):
        united = _united(_decode(path(results, study).read_bytes()).points, points)
    return [point for point in points if united[point.name] is None]


def _united(before: dict[str, Point], points: list[Point]) -> dict[str, Point | None]:
    """Return the name of each point -> what is known of it with what was before; None if that says otherwise."""
    return {point.name: united(before[point.name], point) if point.name in before else point for point in points}


def united(former: Point, point: Point) -> Point | None:
    """Return what two folders know of a point, of which neither is the later one; None if they say different things.

    They do where they searched otherwise, or selected different settings. A search that was extended is the one that was
    planned, with further trials. Whichever is the former, the same trials come of it.
    """
    shorter, longer = sorted((former, point), key=lambda one: len(one.search))
    is_same = bool(shorter.search) and shorter.selected == longer.selected
    is_extended = is_same and _begins(longer.search, shorter.search)
    if former.search != point.search and not is_extended:
        return None
    if former.selected != point.selected and None not in (former.selected, point.selected):
        return None
    base = longer if is_extended else former if former.selected is not None else point
    confirm = list(dict.fromkeys([*former.confirm, *point.confirm]))
    planned = (former.confirm_planned, point.confirm_planned)
    # A search of which every setting diverged plans nothing.
    most = 0 if base.selected is None and 0 in planned else max(len(confirm), *planned)
    return replace(base, confirm=confirm, confirm_planned=most)


def as_written(study: str, points: list[Point]) -> dict[str, Any]:
    """Return what the file of a study with these points holds."""
    return _as_written(StudyFile(study=study, points={point.name: point for point in points}))


def _as_written(content: StudyFile) -> dict[str, Any]:
    """What the file holds: neutral values of later versions are left out, so that files of earlier ones stay as they are."""
    values = asdict(content)
    for point in values["points"].values():
        for name, neutral in (("pipeline", 1), ("edges", []), ("independent", 0)):
            if point[name] == neutral:
                del point[name]
    for name, neutral in (("contrasts", asdict(ALL)), ("contrasts_before_results", None)):
        if values[name] == neutral:
            del values[name]
    return values


def merged(former: Point, point: Point) -> Point:
    """Return what is known of a point, where ``former`` was known of it before.

    Seeds of one selected setting are united, so that a command for some of them never makes a study smaller. Where the
    search is another one, or selected another setting, its trials take the place of the former ones. A search that was
    extended is the one that was planned, with further trials.
    """
    was_extended = former.selected is not None and _begins(former.search, point.search)
    if former.search != point.search and not (was_extended and point.selected is None):
        is_extended = former.selected is None and _begins(point.search, former.search)
        planned = former.confirm_planned if is_extended and point.confirm_planned else 0
        return replace(point, confirm_planned=max(planned, point.confirm_planned))
    if point.selected is None:  # planned only: what is known stays; or every setting diverged, and none is planned
        is_hopeless = former.selected is None and point.confirm_planned == 0
        return replace(former, confirm_planned=0 if is_hopeless else max(former.confirm_planned, point.confirm_planned))
    if former.selected != point.selected:
        planned = max(point.confirm_planned, former.confirm_planned if former.selected is None else 0)
        return replace(point, confirm_planned=planned if point.confirm else point.confirm_planned)
    confirm = list(dict.fromkeys([*former.confirm, *point.confirm]))
    return replace(point, confirm=confirm, confirm_planned=max(len(confirm), point.confirm_planned))


def _begins(keys: list[str], first: list[str]) -> bool:
    """Whether a list begins with another one."""
    return keys[: len(first)] == first


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise BadInput(
            f"{file} is damaged ({shorten(error)}); restore it, or remove it and run the sweep again, which retrains nothing"
        ) from error


def studies_of(results: Path) -> dict[str, dict[str, Membership]]:
    """Return key -> names of the studies that it belongs to, each with what it is there; damaged ones are said."""
    studies: dict[str, dict[str, Membership]] = {}
    for file in sorted(results.glob("*/study.json")):
        try:
            points = read(results, file.parent.name)
        except BadInput as error:
            aside.say([str(error)])
            continue
        groups = {point.name: name for name, of_group in views.groups(points).items() for point in of_group}
        for point in points:
            for stage, of_stage in point.by_stage.items():
                membership = Membership(point.labels, stage, point.pipeline, groups[point.name])
                for key in of_stage:
                    studies.setdefault(key, {})[file.parent.name] = membership
    return studies
