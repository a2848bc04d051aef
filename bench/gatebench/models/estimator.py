"""The protocol of scikit-learn's estimators, which other programs look for; scikit-learn is not needed for it."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from gatebench.core.errors import BadInput, did_you_mean, shorten

if TYPE_CHECKING:
    _Base = object
else:
    try:  # aeon takes nothing else for an estimator
        from sklearn.base import BaseEstimator as _Base
    except ImportError:
        _Base = object


class Unusable(BadInput, ValueError):
    """Input that an estimator cannot take, said as everywhere here and caught as scikit-learn's programs catch it."""


@contextmanager
def errors_of_values() -> Iterator[None]:
    """Turn a ``BadInput`` of a block into one that is a ``ValueError`` as well."""
    try:
        yield
    except Unusable:
        raise
    except BadInput as error:
        raise Unusable(str(error)) from error


class Estimator(_Base):
    """What is asked of an estimator besides fitting and predicting: its parameters, its kind, whether it is fitted."""

    _kind: ClassVar[Literal["classifier", "regressor", "either"]] = "either"

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the constructor as they stand now; ``deep`` changes nothing, as none is an estimator."""
        del deep
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **values: Any) -> Self:
        """Change arguments of the constructor, and return the estimator; ``BadInput`` for one that is none."""
        for name, value in values.items():
            if name not in self._names():
                raise Unusable(f"unknown parameter '{shorten(name)}'{did_you_mean(name, self._names())}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = {name: parameter.default for name, parameter in inspect.signature(type(self).__init__).parameters.items()}
        changed = [f"{name}={value!r}" for name, value in self.get_params().items() if not _is(value, defaults[name])]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_iter_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        kind = None if self._kind == "either" else self._kind
        return Tags(
            estimator_type=kind,
            target_tags=TargetTags(required=True, multi_output=kind == "regressor"),
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
            input_tags=InputTags(two_d_array=True, three_d_array=True),
        )

    def _check_fitted(self) -> None:
        if self.__sklearn_is_fitted__():
            return
        text = f"this {type(self).__name__} is not fitted yet; call fit before it is used"
        exceptions = sys.modules.get("sklearn.exceptions")
        raise Unusable(text) if exceptions is None else exceptions.NotFittedError(text)


def warn_of_conversion(text: str) -> None:
    """Warn that a target was taken otherwise than it was given, with scikit-learn's own warning where it is loaded."""
    import warnings

    exceptions = sys.modules.get("sklearn.exceptions")
    warnings.warn(text, UserWarning if exceptions is None else exceptions.DataConversionWarning, stacklevel=3)


def _is(value: object, default: object) -> bool:
    """Whether a value is a default, which an array never is."""
    try:
        return bool(value == default)
    except ValueError:
        return False
