"""Where the results of a study are: in a results folder, or, of published ones, in a checkout of the repository."""

from pathlib import Path

from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.records import study_file


def results_folder(results: Path, study: str) -> Path:
    """Return the folder that has a study: the one that is given, or that of the checkout that the package runs from.

    ``BadInput`` where neither has it; it says where published studies are.
    """
    published = None if registry.CHECKOUT is None else registry.CHECKOUT / "results"
    folders = [results, *([published] if published else [])]
    folder = next((folder for folder in folders if study_file.path(folder, study).is_file()), None)
    if folder is not None:
        return folder
    names = sorted({file.parent.name for one in folders for file in one.glob("*/study.json")})
    where = published or "the folder results/ of the repository: clone it, and give that folder"
    raise BadInput(
        f"no study '{shorten(study)}' in {results}{did_you_mean(study, names)}; run it first: gatebench sweep study="
        f"{shorten(study)}; those that are published are in {where}"
    )
