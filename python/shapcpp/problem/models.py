"""The model that every coalition trains: one of the engine's, by name, or a classifier object."""

from __future__ import annotations

import inspect
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.extras import installs
from shapcpp.labels import Labels
from shapcpp.problem.fingerprint import fingerprint

__all__ = ["LOGISTIC", "MODELS", "Model", "ModelError", "Refits", "model_of", "smoothing"]

LOGISTIC, ONE_AGAINST_REST, RIDGE, LDA = "logistic", "ovr", "ridge", "lda"
CENTROID, BAYES, MULTINOMIAL = "centroid", "bayes", "multinomial"
# Those that the engine knows by name.
MODELS = (LOGISTIC, ONE_AGAINST_REST, RIDGE, LDA, CENTROID, BAYES, MULTINOMIAL)
SMOOTHING = 1e-9  # of the largest variance of a feature, as scikit-learn's default is
SQUARES = (1e-250, 1e250)  # variances whose share can be divided
MOST_WEIGHTS = 300  # of a multinomial model, whose time grows as their square and cube
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class ModelError(ValueError):
    """A classifier could not be fitted to a coalition, or did not predict labels.

    Attributes
    ----------
    partial : Valuation
        The permutations completed.
    """

    partial: Any = None


@dataclass(frozen=True, eq=False)
class Model:
    """The model that a coalition trains.

    Attributes
    ----------
    name : str
        What results call it: one of `MODELS`, or the class and parameters of an estimator.
    estimator : object, optional
        A classifier as scikit-learn's are, a copy of the one given. None: the engine's own.
    """

    name: str
    estimator: Any = None

    @property
    def uses(self) -> set[str]:
        """Those of the arguments `C` and `class_weight` that it has a use for."""
        if self.estimator is not None or self.name == CENTROID:
            return set()
        return {LDA: {"C"}, BAYES: {"class_weight"}}.get(self.name, {"C", "class_weight"})

    def check_goes_with(self, C: float, class_weight: Any) -> None:
        """Raises ValueError for options that the model has no use for."""
        given = {"C": C != 1.0, "class_weight": class_weight is not None}
        for name in [name for name, is_given in given.items() if is_given]:
            if name in self.uses:
                continue
            if self.estimator is None:
                raise ValueError(
                    f"{name} is given, and model={self.name!r} has no use for it: leave it out"
                )
            raise ValueError(
                f"{name} is for the engine's own models: leave it out, and give the classifier "
                "object its own parameters"
            )

    def remark(self, n_classes: int, n_columns: int) -> str:
        """A sentence about a model with more weights than it is meant for; empty where it has not.

        Parameters
        ----------
        n_columns : int
            Features, or the samples if those are fewer.
        """
        weights = (n_classes - 1) * (n_columns + 1)
        if self.name != MULTINOMIAL or weights <= MOST_WEIGHTS:
            return ""
        return (
            f"a multinomial model of {n_classes} labels has {weights:,} weights here and is meant "
            f"for up to {MOST_WEIGHTS}: fewer features, or model={LOGISTIC!r}, which fits each "
            "label against the rest, would be far faster"
        )

    @property
    def engine_name(self) -> str:
        """The model of the engine whose game takes as much memory, or more."""
        return self.name if self.estimator is None else LOGISTIC

    def conventions(self, C: float, X: Callable[[], NDArray[np.float64]]) -> dict[str, Any]:
        """Those of the arguments of `_core.Problem` that depend on the model.

        Parameters
        ----------
        C : float
            The argument of `value`.
        X : callable
            Gives all training samples, shape (n, d), as coalitions see them.
        """
        if self.name != BAYES or self.estimator is not None:
            return {"C": C}
        return {"C": 1 / smoothing(X()), "squares": True}


def model_of(value: Any, n_classes: int) -> Model:
    """Checks the argument `model` of `value`, and says what it means for this many classes."""
    if isinstance(value, Model):
        return value
    if isinstance(value, str):
        if value not in MODELS:
            raise ValueError(
                f"model must be one of {', '.join(map(repr, MODELS))} or a classifier object of "
                f"scikit-learn, got {value!r}"
            )
        if n_classes == 2 and value in (ONE_AGAINST_REST, MULTINOMIAL):  # they are the same
            value = LOGISTIC
        elif n_classes > 2 and value == LOGISTIC:
            value = ONE_AGAINST_REST
        return Model(value)
    if isinstance(value, type):
        raise TypeError(f"model is the class {value.__name__}: pass an object, {value.__name__}()")
    missing = [name for name in ("fit", "predict", "get_params") if not hasattr(value, name)]
    if missing:
        raise TypeError(
            f"model must be one of {', '.join(map(repr, MODELS))} or a classifier object of "
            f"scikit-learn, got {value!r}, which has no {missing[0]}"
        )
    clone = _clone_of_library()
    kind = _kind_of(value)
    if kind not in (None, "classifier"):
        noun = kind.replace("_", " ")
        article = "an" if noun[0] in "aeiou" else "a"
        raise TypeError(
            f"model must predict labels, and {type(value).__name__} is {article} {noun}"
        )
    return _seeded(clone(value))


def smoothing(X: NDArray[np.float64]) -> float:
    """What naive Bayes adds to all variances: a share of the largest variance of a feature.

    It is taken once, from all training samples, so that a sample that joins does not change the
    variances of all classes. The share is 1 where no feature varies.
    """
    with np.errstate(all="ignore"):
        variances = X.var(axis=0)
    j = int(np.argmax(variances))
    varies = bool((X.max(axis=0) > X.min(axis=0)).any())
    if varies and not SQUARES[0] < variances[j] < SQUARES[1]:
        raise ValueError(
            f"column {j} of X has the variance {variances[j]:g}, and model {BAYES!r} takes "
            f"variances from {SQUARES[0]:g} to {SQUARES[1]:g}; standardise the features "
            '(scale="standard", --scale standard) or rescale them'
        )
    return SMOOTHING * float(variances[j]) if varies else SMOOTHING


class Quiet:
    """Silences warnings while any thread is in it: thousands of fits would give thousands."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._before.__exit__(None, None, None)


quiet = Quiet()


class Refits:
    """Predictions of a classifier refitted, cold, to some samples.

    Its warnings are silenced: one fit to all samples shows them.

    Parameters
    ----------
    model : Model
        With an estimator.
    labels : ndarray, shape (K,)
        The sorted labels: what the classifier is fitted to and predicts.
    arguments : dict
        As `_core.Problem` takes them.
    """

    def __init__(self, model: Model, labels: Labels, arguments: dict[str, Any]) -> None:
        self._clone = _clone_of_library()
        self._model = model
        self._X, self._X_test = arguments["X"], arguments["X_test"]
        self._y, self._y_test = (labels[arguments[of]] for of in ("classes", "classes_test"))
        self._classes_test, self._labels = arguments["classes_test"], labels

    def count(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts the correct test predictions of each class after a fit to these rows."""
        right = self._predicted(rows, self._X_test, "test samples") == self._y_test
        found = np.bincount(self._classes_test[right], minlength=len(self._labels))
        return found.astype(np.int64)

    def predict(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
        """The class of each of the other rows after a fit to these; -1 for a label of no class."""
        predicted = self._predicted(rows, self._X[others], "samples outside it")
        found = np.searchsorted(self._labels, predicted)
        known = self._labels[np.minimum(found, len(self._labels) - 1)] == predicted
        return np.where(known, found, -1).astype(np.int64)

    def _predicted(self, rows: NDArray[np.int64], X: NDArray[np.float64], whose: str) -> Labels:
        estimator = self._clone(self._model.estimator)
        try:
            with quiet:
                estimator.fit(self._X[rows], self._y[rows])
                predicted = np.asarray(estimator.predict(X))
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ModelError(
                f"model {self._model.name} cannot be fitted to a coalition of {len(rows)} samples "
                f"(rows {_some(rows)}): {type(error).__name__}: {reason}"
            ) from error
        if predicted.shape != (len(X),):
            raise ModelError(
                f"model {self._model.name} predicts an array of shape {predicted.shape}, where "
                f"labels of {len(X)} {whose} are needed"
            )
        return predicted


def _clone_of_library() -> Any:
    try:
        from sklearn.base import clone
    except ImportError:
        raise ImportError(f"a model of one's own needs scikit-learn: {installs('bench')}") from None
    return clone


def _kind_of(estimator: Any) -> str | None:
    """What scikit-learn calls it, such as "classifier"; None where it does not say."""
    try:
        from sklearn.utils import get_tags

        kind = get_tags(estimator).estimator_type
    except Exception:  # of an older scikit-learn, or a class that has only the methods
        kind = getattr(estimator, "_estimator_type", None)
    return None if kind is None else str(kind)


def _seeded(estimator: Any) -> Model:
    """The model, with random numbers that begin alike at each fit: a score must be a function.

    Parameters `random_state` that are None become 0.
    """
    unset = {
        name: 0
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.split("__")[-1] == "random_state"
    }
    if unset:
        estimator.set_params(**unset)
    return Model(_named(estimator), estimator)


def _named(estimator: Any) -> str:
    """The class of an estimator and the parameters that are not the default, as code writes it."""
    kind = type(estimator)
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
    }
    shown = []
    for name, value in estimator.get_params(deep=False).items():
        text = _shown(value)
        if name not in defaults or text != _shown(defaults[name]):
            shown.append(f"{name}={text}")
    return f"{kind.__qualname__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    """The same text in every process."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"array {fingerprint(value)}"
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _named(value)
    if type(value) in (list, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return ADDRESS.sub("", " ".join(repr(value).split()))


def _some(rows: NDArray[np.int64]) -> str:
    return ", ".join(map(str, rows[:3].tolist())) + (", ..." if len(rows) > 3 else "")
