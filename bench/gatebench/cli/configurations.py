"""What Hydra composes of a sweep's overrides: a configuration for each job, as plain values that any process can be handed.

Hydra takes tens of milliseconds to compose one. Jobs that choose the same yaml of every group differ in values alone, which
Hydra sets last, so such jobs are composed once and their values are set here, by the same call as Hydra's.
"""

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatebench.cli import plugin_conf
from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

GROUPS = ("task", "cell", "budget", "training", "engine", "study")
"""Groups of which a sweep chooses one yaml, or several with commas: folders of ``conf/``."""

MOST_JOBS = 10_000
"""Jobs of a sweep at the most."""


@dataclass(frozen=True)
class Configuration:
    """A job as Hydra composed it."""

    values: dict[str, Any]
    """Every setting, without anything that refers to another one."""
    choices: dict[str, str]
    """Group -> the yaml that was chosen of it."""
    overrides: list[str]
    """What was overridden, in the order in which it was given."""


def of_hydra(config: Any) -> Configuration:
    """Return what a function that Hydra calls was given."""
    from hydra.core.hydra_config import HydraConfig

    return _plain(config, HydraConfig.get().runtime.choices, list(HydraConfig.get().overrides.task))


def search_path() -> list[str]:
    """Return the override that has Hydra look into plugin folders, if there are any, once their yamls hold data alone."""
    plugins = registry.folders("conf")[1:]
    for folder in plugins:
        plugin_conf.check(folder, GROUPS)
    places = ",".join(f"file://{folder}" for folder in reversed(plugins))  # of which Hydra takes the first that has a yaml
    return [f"hydra.searchpath=[{places}]"] if places else []


def split(overrides: list[str]) -> list[list[str]]:
    """Return the overrides of each job of a sweep, those over which its study sweeps included."""
    from hydra import initialize_config_dir
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.types import RunMode

    with initialize_config_dir(str(registry.BUILT_IN["conf"]), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        sweep = loader.load_configuration("config", [*overrides, *_of_hydra()], RunMode.MULTIRUN).hydra
        of_study = [f"{name}={values}" for name, values in (sweep.sweeper.params or {}).items()]
        parser = OverridesParser.create(config_loader=loader)
        parsed = parser.parse_overrides([*of_study, *sweep.overrides.task])
        _check_jobs(parsed)
        (points,) = BasicSweeper.split_arguments(parsed, None)
    if not points:
        raise BadInput(f"{shorten(' '.join(overrides))} makes no job: there is nothing in what it sweeps over")
    return points


def _check_jobs(overrides: "list[Override]") -> None:
    """Raise ``BadInput`` where a sweep is over more than `MOST_JOBS`, before anybody lists them, or cannot be listed."""
    from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, RangeSweep

    jobs = 1.0
    for override in overrides:
        swept, text = override.value() if override.is_sweep_override() else None, shorten(override.input_line)
        if isinstance(swept, IntervalSweep):
            raise BadInput(f"{text} has no end of values; expected a list of choices, or range(START,STOP,STEP)")
        if isinstance(swept, RangeSweep):
            start, stop, step = (float(number or 0) for number in (swept.start, swept.stop, swept.step))
            if not step or not all(map(math.isfinite, (start, stop, step))):
                raise BadInput(f"{text} has no end; expected a step other than 0 and finite numbers: range(START,STOP,STEP)")
            jobs *= max(1.0, (stop - start) / step)
        elif isinstance(swept, ChoiceSweep):
            jobs *= len(swept.list)
        if not jobs <= MOST_JOBS:
            raise BadInput(f"{text} makes {jobs:,.0f} jobs; expected at most {MOST_JOBS:,}: sweep over less")


def compose_all(points: list[list[str]]) -> list[Configuration]:
    """Return the configuration of each job, of which these are the overrides; Hydra's errors are raised as they are."""
    from hydra import initialize_config_dir
    from hydra.core.override_parser.overrides_parser import OverridesParser

    with initialize_config_dir(str(registry.BUILT_IN["conf"]), version_base="1.3"):
        parser, parsed = OverridesParser.create(), dict[str, "Override"]()
        composed: dict[tuple[str, ...], _Composed] = {}
        configurations: list[Configuration] = []
        for point in points:
            for text in point:
                if text not in parsed:
                    (parsed[text],) = parser.parse_overrides([text])
            chosen = tuple(text for text in point if not _is_value(parsed[text]))
            if chosen not in composed:
                composed[chosen] = _Composed(list(chosen))
            configurations.append(
                composed[chosen].with_values([parsed[text] for text in point if text not in chosen], point)
            )
    return configurations


class _Composed:
    """What Hydra composes where yamls are chosen, before any value is set."""

    def __init__(self, overrides: list[str]) -> None:
        from hydra import compose
        from omegaconf import open_dict

        self.config = compose("config", [*overrides, *_of_hydra()], return_hydra_config=True)
        self.hydra = copy.deepcopy(self.config)
        with open_dict(self.config):
            del self.config["hydra"]

    def with_values(self, overrides: "list[Override]", point: list[str]) -> Configuration:
        """Return the configuration of a job with these values."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        config = copy.deepcopy(self.config)
        try:
            for override in overrides:
                OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        except OmegaConfBaseException:
            config = _Composed(point).config  # which says what is wrong
        if HydraConfig.instance().cfg is None or HydraConfig.get().runtime.choices != self.hydra.hydra.runtime.choices:
            HydraConfig.instance().set_config(self.hydra)  # which the settings of a study may refer to
        return _plain(config, self.hydra.hydra.runtime.choices, point)


def _of_hydra() -> list[str]:
    """Return overrides of Hydra's own settings: no launcher, whose settings are not needed here, and plugin folders."""
    return ["hydra/launcher=basic", *search_path()]


def _is_value(override: "Override") -> bool:
    """Whether an override only sets a value: it chooses no yaml, and neither adds nor deletes a setting."""
    name = override.key_or_group
    if name.partition(".")[0] == "hydra":
        return False
    is_change = not (override.is_add() or override.is_force_add() or override.is_delete())
    return is_change and override.package is None and name not in GROUPS and "/" not in name


def _plain(config: Any, choices: Any, overrides: list[str]) -> Configuration:
    from omegaconf import OmegaConf

    of_groups = {str(group): str(choice) for group, choice in choices.items()}
    values: Any = OmegaConf.to_container(config, resolve=True)
    return Configuration(values, of_groups, overrides)
