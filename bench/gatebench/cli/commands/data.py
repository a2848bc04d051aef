"""``gatebench data``: the data sets that there are, their files and facts, and adding sequences of one's own."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.cli.arguments import number
from gatebench.core import registry
from gatebench.core.documentation import address
from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import Count, Natural, construct, flatten

if TYPE_CHECKING:
    from gatebench.data.alteration import Alteration
    from gatebench.data.contents import Arrays
    from gatebench.ingest.add import Shows
    from gatebench.ingest.question import Question, Reading
    from gatebench.ingest.raw import RawData

SUMMARY = "list data sets, fetch their files, verify the facts on their cards, alter them, add one's own"
GROUP = "Data"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of the command with their arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=False)
    parser.set_defaults(name=[])
    for name, run_action, text in (
        ("list", run, "what there is, with size and licence"),
        ("fetch", _fetch, "get files and check their checksums"),
        ("verify", _verify, "recompute the facts and baselines on cards"),
        ("baselines", _baselines, "baselines of altered piano rolls"),
        ("alter", _alter, "a card and a task of altered piano rolls, to train on"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(run=run_action)
        if name == "alter":
            action.add_argument("name", metavar="NAME", help="data set")
            action.add_argument(
                "--as", dest="new", metavar="NEW", help="name of the altered one (default: from what is done)"
            )
        else:
            action.add_argument("name", metavar="NAME", nargs="*", help="data sets (default: all)")
        if name in ("baselines", "alter"):
            _declare_alteration(action)
    text = "a card and a task from sequences of one's own"
    formats = f"formats, and how each is read: {address('docs/own-data.md')}"
    _declare_add(actions.add_parser("add", help=text, description=text, epilog=formats))


def _declare_alteration(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--every", type=number("--every", Count), default=1, metavar="N", help="keep every Nth frame: a coarser time step"
    )
    action.add_argument("--hold", type=number("--hold", Count), default=1, metavar="N", help="repeat every frame N times")
    action.add_argument("--first", type=number("--first", Count), metavar="N", help="cut sequences after N frames")
    action.add_argument("--sounding", action="store_true", help="drop frames in which no key is down")


def _declare_add(action: argparse.ArgumentParser) -> None:
    action.set_defaults(run=_add)
    action.add_argument(
        "path", metavar="PATH", type=Path,
        help="arrays, a table, a text, or a file of another format that is named below, or a folder of some of one format",
    )  # fmt: skip
    action.add_argument("--name", metavar="NAME", help="of the data set and the task (default: from PATH)")
    action.add_argument(
        "--show", nargs="?", const=True, type=_picture_file, metavar="FILE.png",
        help="a picture of the first sequences: in plain text, or in a file",
    )  # fmt: skip
    _declare_columns(action)
    _declare_arrays_and_texts(action)
    _declare_files(action)
    ahead = action.add_argument_group("what of the steps to come is predicted")
    ahead.add_argument("--predict", metavar="A,B", type=_names_of, help="columns that are; the others are read alone")
    ahead.add_argument("--known", metavar="A,B", type=_names_of, help="columns known ahead, read at the predicted steps")
    ahead.add_argument(
        "--horizon", type=number("--horizon", Count), metavar="H", help="all of the next H steps at each step (default: 1)"
    )
    ahead.add_argument(
        "--difference", action="store_true", default=None, help="amounts are read and predicted as changes from step to step"
    )
    ahead.add_argument(
        "--season",
        type=number("--season", Natural),
        metavar="N",
        help="steps of a period, for baselines (default: looked for)",
    )
    decided = action.add_argument_group("what is otherwise decided by looking at the data")
    decided.add_argument("--as", dest="kind", choices=["binary", "symbols", "reals"], help="kind of the inputs")
    decided.add_argument("--as-target", choices=["label", "value"], help="kind of the target")
    likelihoods = ["bernoulli", "categorical", "gaussian", "gaussian_mixture"]
    decided.add_argument("--likelihood", choices=likelihoods, help="distribution of what is predicted")
    decided.add_argument("--split", choices=["sequence", "group", "time"], help="what no two splits share")
    decided.add_argument(
        "--window",
        type=number("--window", Natural),
        metavar="N",
        help="cut sequences into parts of at most N steps; 0: never",
    )
    decided.add_argument(
        "--step", type=_quarters, metavar="Q", help="of MIDI, a time step in quarter notes, as 1/12 (default: 0.25)"
    )
    decided.add_argument("--drums", action="store_true", default=None, help="of MIDI, drums are read, as keys")


def _picture_file(text: str) -> Path:
    """Return the file of a picture."""
    path = Path(text)
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        expected = "expected a FILE.png in a folder that is there; for one in plain text, write --show behind PATH"
        raise argparse.ArgumentTypeError(f"{text!r} is no picture; {expected}")
    return path


def _quarters(text: str) -> float:
    """Return a number that may be written as a fraction."""
    numerator, _, denominator = text.partition("/")
    try:
        quarters = float(numerator) / float(denominator or 1)
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(f"'{shorten(text)}' is no number; expected one like 0.25 or 1/12") from error
    if not 0.001 <= quarters <= 64:
        raise BadInput(f"--step is {shorten(text)}, expected quarter notes from 0.001 to 64, such as 0.25 or 1/12")
    return quarters


def _names_of(text: str) -> list[str]:
    return text.split(",")


def _declare_columns(action: argparse.ArgumentParser) -> None:
    """Add what can be said about the columns of a table and their cells."""
    table = action.add_argument_group("columns of a table")
    table.add_argument("--sequence", metavar="A,B", help="tell the sequences apart; none: one series; blank: blank lines do")
    table.add_argument("--order", metavar="A,B", help="put the steps of a sequence in order; none: as rows stand")
    table.add_argument("--group", metavar="COLUMN", help="sequences of one group stay in one split; none: no groups")
    table.add_argument("--label", metavar="A,B", help="the target, predicted instead of the next step; several of 0 and 1")
    table.add_argument("--columns", metavar="A,B", type=_names_of, help="the inputs (default: the other columns)")
    table.add_argument("--without", metavar="A,B", type=_names_of, help="are left out")
    table.add_argument("--codes", metavar="A,B", type=_names_of, help="stand for categories, one-hot")
    table.add_argument("--numbers", metavar="A,B", type=_names_of, help="are amounts and inputs, whatever they look like")
    layouts = table.add_mutually_exclusive_group()
    for name, text in (
        ("series-a-row", "a row is a series, a label beside it; of arrays of two axes too"),
        ("series-a-column", "a column is a series"),
        ("step-a-row", "a row is a step, as usual"),
        ("step-a-cell", "a month of a row of a year is a step, or an hour of a day"),
    ):
        layouts.add_argument(f"--{name}", dest="layout", action="store_const", const=name, help=text)
    cells = action.add_argument_group("cells of a table")
    cells.add_argument("--dates", choices=["day-first", "month-first"], help="of dates like 01/02/2020")
    cells.add_argument("--decimal", choices=["comma", "point"], help="of numbers like 1,234")
    cells.add_argument(
        "--na", metavar="A,B", type=_names_of, help="stand for what is missing, as --na=-999; none: no others"
    )
    cells.add_argument(
        "--missing", choices=["last", "drop", "mask"],
        help="becomes the value before (the mean of train at a beginning), drops the row, or is marked in a column too",
    )  # fmt: skip
    cells.add_argument("--gaps", choices=["cut", "keep"], help="cut sequences where time leaps")
    cells.add_argument("--with-steps", action="store_true", default=None, help="the time since the step before is an input")
    cells.add_argument("--padding", choices=["cut", "keep"], help="zeros at the end of sequences")


def _declare_arrays_and_texts(action: argparse.ArgumentParser) -> None:
    """Add what can be said about arrays, and about the symbols of texts."""
    arrays = action.add_argument_group("arrays")
    arrays.add_argument("--axes", choices=["NTX", "NXT", "TNX"], help="order of sequence, time step and column")
    texts = action.add_argument_group("texts")
    texts.add_argument("--tokens", choices=["character", "word", "line", "byte"], help="a symbol (default: character)")
    texts.add_argument("--sequence-a-line", action="store_true", default=None, help="each line is a sequence")
    texts.add_argument(
        "--least-count", type=number("--least-count", Natural), metavar="N",
        help="times that train has a symbol, or it is read as one with all others (default: 1, of words 2)",
    )  # fmt: skip


def _declare_files(action: argparse.ArgumentParser) -> None:
    """Add what can be said about files of a folder, and about splits that come with the data."""
    files = action.add_argument_group("files of a folder, and splits that are given")
    files.add_argument("--labels", type=Path, metavar="FILE", help="a table with a label for each file, or for each row")
    files.add_argument(
        "--folders", metavar="ROLE,ROLE",
        help="what the folders are that files lie in, a role a level: label, group or ignore",
    )  # fmt: skip
    files.add_argument("--skip-bad", action="store_true", default=None, help="leave out files that cannot be read")
    files.add_argument("--split-column", metavar="COLUMN", help="says which split a row is of: train, valid or test")


def run(options: argparse.Namespace) -> int:
    """Print the list of data sets, which is what ``gatebench data`` alone does."""
    from gatebench.data import cards
    from gatebench.data.contents import SPLITS

    _warn_of_former_folder()
    for name in _names(options):
        card = cards.load(name)
        sizes = flatten(card.facts)
        counts = ", ".join(f"{split} {_format_count(sizes.get(f'{split}.sequences'))}" for split in SPLITS)
        print(f"{name}: {card.title}{' (synthetic)' if card.synthetic else ''}\n    {card.description}")
        print(f"    sequences: {counts}; a step is {card.time_step}\n    licence: {card.licence}\n")
    return 0


def _warn_of_former_folder() -> None:
    """Say on stderr that a local plugin folder of an earlier version is not read."""
    hint = registry.former_folder_hint()
    if hint:
        print(f"gatebench: {hint}, or what is in it is not seen", file=sys.stderr)


def _names(options: argparse.Namespace) -> list[str]:
    """Return the data sets that are named, or else all."""
    return options.name or list(registry.available("datasets", ".yaml"))


def _format_count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "?"


def _fetch(options: argparse.Namespace) -> int:
    from gatebench.data import cards

    for name in _names(options):
        card = cards.load(name)
        for path in [cards.locate(card, file) for file in card.files]:
            print(f"{name}: {path}")
        if not card.files:
            print(f"{name}: {sum(map(len, cards.read_arrays(card).values())):,} sequences read and verified")
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Recompute what cards state; 1 if any statement differs."""
    from gatebench.data import cards, facts
    from gatebench.data.baselines import compute

    differences = 0
    for name in _names(options):
        card = cards.load(name)
        arrays = cards.read_arrays(card)
        baselines = compute.restate(card, arrays, cards.read_origins(card))
        computed = {"facts": facts.compute(card, arrays), **baselines._asdict()}
        stated = {part: getattr(card, part) for part in computed}
        statements, wrong = 0, 0
        for part in computed:
            computed_values, stated_values = flatten(computed[part], part), flatten(stated[part], part)
            statements += len(computed_values)
            for statement in sorted(computed_values | stated_values):
                value, on_card = computed_values.get(statement), stated_values.get(statement)
                if value != on_card:
                    print(f"{name}: {statement} is {value}, the card says {on_card}", file=sys.stderr)
                    wrong += 1
        print(f"{name}: checksum right, {statements - wrong} of {statements} facts and baselines as on the card")
        differences += wrong
    return 1 if differences else 0


def _baselines(options: argparse.Namespace) -> int:
    """Print the test baselines of data sets whose frames are altered, a line each."""
    from gatebench.data import cards
    from gatebench.data.baselines import compute
    from gatebench.data.contents import check_sequences
    from gatebench.ingest import alter

    alteration = _alteration(options)
    names = options.name or [name for name in _names(options) if cards.load(name).kind == "piano_roll"]
    for name in names:
        card = cards.load(name)
        alter.check_piano_roll(card)
        rolls = alteration.apply(cards.read_arrays(card))
        check_sequences(name, rolls, card.kind)
        scores = ", ".join(
            f"{baseline} {score['test']['nll']:.3f} per step, {score['test']['nll_sequence_mean']:.3f} per sequence"
            for baseline, score in compute.compute(card, rolls).items()
        )
        print(f"{name}: {scores}")
    return 0


def _alter(options: argparse.Namespace) -> int:
    """Write the altered data set, and print where."""
    from gatebench.ingest import alter

    for line in alter.alter(options.name, _alteration(options), options.new):
        print(line)
    return 0


def _alteration(options: argparse.Namespace) -> "Alteration":
    from gatebench.data.alteration import Alteration

    return construct(Alteration, "frames:", {name: getattr(options, name) for name in Alteration.__dataclass_fields__})


def _add(options: argparse.Namespace) -> int:
    """Read, decide, write, and print what was decided."""
    from gatebench.ingest import add
    from gatebench.ingest.choices import Choices

    _warn_of_former_folder()
    choices = {field: getattr(options, field) for field in Choices.__dataclass_fields__}
    show = _in_plain_text if options.show is True else _in_a_file(options.show) if options.show else None
    choose = _choose if sys.stdin.isatty() and sys.stdout.isatty() else None
    for line in add.add(options.path, options.name, Choices(**choices), show, choose):
        print(line)
    return 0


def _in_plain_text(raw: "RawData", arrays: "Arrays") -> list[str]:
    """Return the lines of a picture of the first sequences."""
    from gatebench.ingest import picture

    return picture.draw(raw, arrays, sys.stdout.encoding or "ascii")


def _in_a_file(path: Path) -> "Shows":
    """Return what draws the first sequences into a file."""
    from gatebench.ingest import picture
    from gatebench.report import first_sequences

    def draw(raw: "RawData", arrays: "Arrays") -> list[str]:
        symbols = raw.names if raw.kind == "symbols" else ()
        first_sequences.draw(picture.first_sequences(raw, arrays), symbols, path)
        return [f"show: {path}"]

    return draw


def _choose(question: "Question") -> "Reading | None":
    """Ask a question on a terminal; returns the reading that its user chooses, or None."""
    from gatebench.core.errors import visible
    from gatebench.ingest.question import flags

    print(f"{visible(question.evidence)}. It may be read in {len(question.readings)} ways:")
    for place, reading in enumerate(question.readings, 1):
        print(visible(f"  {place}. {reading.meaning} ({' '.join(flags(reading.choices))})"))
    while True:
        try:
            answer = input(f"Which one, 1 to {len(question.readings)}? (Return: none of them) ").strip()
        except EOFError:
            print()
            return None
        if not answer:
            return None
        if answer.isdecimal() and 1 <= int(answer) <= len(question.readings):
            return question.readings[int(answer) - 1]
        print(f"'{visible(answer)}' is none of them")
