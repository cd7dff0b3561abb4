"""value(): what it takes, gives back and raises."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any, overload

from numpy.typing import ArrayLike

from shapcpp.plan import Progress, carry_out, plan
from shapcpp.problem.kernels import KernelName
from shapcpp.problem.problem import ClassWeight, Empty, Scale, SingleClass
from shapcpp.problem.sampling import Sampler
from shapcpp.results.estimates import Metrics
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.notices import warn_of
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files

__all__ = ["value"]


@overload
def value(
    X: ArrayLike, y: ArrayLike, X_test: ArrayLike, y_test: ArrayLike,
    permutations: int | None = ..., seed: int = ..., C: float = ...,
    class_weight: ClassWeight = ..., scale: Scale = ..., empty: Empty = ...,
    single_class: SingleClass = ..., groups: ArrayLike | None = ..., ids: ArrayLike | None = ...,
    threads: int | None = ..., progress: Progress = ..., *, folds: None = ...,
    by_group: bool = ..., true_labels: ArrayLike | None = ..., metrics: Metrics = ...,
    model: Any = ..., first: int = ..., sampler: Sampler = ..., trace: int | None = ...,
    until: str | None = ..., max_time: float | None = ..., checkpoint: files.PathLike | None = ...,
    checkpoint_every: float = ..., extend: Valuation | None = ..., executor: Executor | None = ...,
    doubt: bool = ..., votes: bool = ..., components: int | None = ...,
    kernel: KernelName | None = ..., gamma: float | None = ...,
) -> Valuation: ...  # fmt: skip
@overload
def value(
    X: ArrayLike, y: ArrayLike, *,
    permutations: int | None = ..., seed: int = ..., C: float = ...,
    class_weight: ClassWeight = ..., scale: Scale = ..., empty: Empty = ...,
    single_class: SingleClass = ..., groups: ArrayLike | None = ..., ids: ArrayLike | None = ...,
    threads: int | None = ..., progress: Progress = ..., folds: int | None = ...,
    by_group: bool = ..., true_labels: ArrayLike | None = ..., metrics: Metrics = ...,
    model: Any = ..., first: int = ..., sampler: Sampler = ..., trace: int | None = ...,
    until: str | None = ..., max_time: float | None = ..., checkpoint: files.PathLike | None = ...,
    checkpoint_every: float = ..., extend: FoldedValuation | None = ...,
    executor: Executor | None = ..., doubt: bool = ..., votes: bool = ...,
    components: int | None = ..., kernel: KernelName | None = ..., gamma: float | None = ...,
) -> FoldedValuation: ...  # fmt: skip
def value(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    permutations: int | None = None,
    seed: int = 0,
    C: float = 1.0,
    class_weight: ClassWeight = None,
    scale: Scale = None,
    empty: Empty = "majority",
    single_class: SingleClass = "constant",
    groups: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    threads: int | None = None,
    progress: Progress = False,
    *,
    folds: int | None = None,
    by_group: bool = True,
    true_labels: ArrayLike | None = None,
    metrics: Metrics = None,
    model: Any = "logistic",
    first: int = 0,
    sampler: Sampler = "halving",
    trace: int | None = None,
    until: str | None = None,
    max_time: float | None = None,
    checkpoint: files.PathLike | None = None,
    checkpoint_every: float = 60.0,
    extend: Valuation | FoldedValuation | None = None,
    executor: Executor | None = None,
    doubt: bool = False,
    votes: bool = True,
    components: int | None = None,
    kernel: KernelName | None = None,
    gamma: float | None = None,
) -> Valuation | FoldedValuation:
    """Data Shapley values of training samples, exact for the permutations drawn.

    Training samples join one by one in random order. After each join a model, by default
    L2-penalised logistic regression (scikit-learn's ``LogisticRegression(C=C)`` as its tolerance
    goes to zero), is fitted to its optimum and the correct predictions on the test set are
    counted per class. A sample's value is its expected marginal contribution over random
    orders: its worth to a metric. Whether its label is wrong is another question, for `doubt`.

    Parameters
    ----------
    X : array_like of real numbers, shape (n, d)
        Training features. Any real type becomes float64.
    y : array_like, shape (n,)
        Training labels as given, of any kind that sorts: integers, booleans, strings, whole
        floats; 2 to 1,000 different ones. With two labels, the larger is "positive".
    X_test : array_like of real numbers, shape (m, d), optional
        Test features. Without a test set the samples are tested on one another: see `folds`.
    y_test : array_like, shape (m,), optional
        Test labels, each of them among those of `y`. They are taken to be right.
    permutations : int, optional
        Number of random orders to draw. Default: until the ranking is reliable by every
        metric that the test set defines (``until="reliability >= 0.95"``), but at most 2,000, and
        at most the joins of 20,000 orders under ``sampler="permutations"``.
    seed : int, default 0
        From 0 to 2^64 - 1. Permutation t depends only on the number of players, `seed` and t:
        see `permutation`.
    C : float, default 1.0
        Inverse strength of the penalty on the weights; intercepts are not penalised.
    class_weight : dict, "balanced" or None, default None
        Weight of the loss of each label's samples: a positive weight for every label, or
        "balanced": n / (K n_k) for K classes, with n_k counted in the whole of `y`.
    scale : "standard" or None, default None
        "standard" subtracts the mean of the training rows and divides by their standard
        deviation, in training and test features; a constant column is only centred. This changes
        the meaning of the penalty, hence the values, and is never done unasked.
    empty : "majority", "none" or ("label", x), default "majority"
        Prediction of the empty coalition: the label most frequent in `y` (ties: the
        smallest), nothing (no prediction is right), or the label x, which may be passed without
        the tuple unless it is a string.
    single_class : "constant" or "carry", default "constant"
        Score of a coalition of one class: that of always predicting this class, or still the
        score of the empty coalition.
    groups : array_like of int or str, shape (n,), optional
        Samples with the same group id join together and share one value; one whose id is blank
        joins by itself.
    ids : array_like of int or str, shape (n,), optional
        Names of the samples, kept with the result. Default: their row numbers.
    threads : int, optional
        Default: the processors this process may use (affinity, cgroup quota), at most
        OMP_NUM_THREADS if that is set; 1 with an `executor`. The result does not depend on it.
    progress : bool or callable, default False
        True draws a progress bar on stderr if that is a terminal; a callable receives
        ``(done, total)`` several times a second. With `until`, total is the number of
        permutations that the rule seems to need, at most the number asked for.
    folds : int, optional
        Without a test set: the number of folds into which the samples are divided, 5 by default.
        Folds are stratified by label and keep samples of one group together, even with
        ``by_group=False``. Each fold is the test set of the samples outside it, which take
        `permutations` orders; `seed` also draws the folds.
    by_group : bool, default True
        False keeps `groups` with the result but lets samples join one by one.
    true_labels : array_like, shape (n,), optional
        True labels where known: kept with the result, never used here. A value that is
        none of the labels, such as the empty string, means unknown.
    metrics : str, Metric or sequence of these, optional
        Metrics that the run is asked about: tables show them, and `until` tests them unless it
        names metrics itself. One run serves every metric, but with more than 12 classes it keeps
        only the errors of accuracy, balanced accuracy, each class's recall and those named here.
    model : "logistic", "multinomial", "ridge", "lda", "centroid", "bayes" or a classifier object
        The model that every coalition trains; default "logistic": logistic regression, and with
        more than two labels, one regression of each label against the rest, which results call
        "ovr" (scikit-learn's ``OneVsRestClassifier(LogisticRegression(C=C))``). "multinomial": one
        model of all labels, ``LogisticRegression(C=C)``, meant for up to about 300 weights,
        (labels - 1) times (features + 1). "ridge": least squares on indicators of the labels
        (``RidgeClassifier(alpha=1 / C)``), far faster. "lda": linear discriminant analysis with
        the covariance (S + I / C) / N, S the scatter of the N members around the means of their
        labels, without `class_weight`. "centroid": the label whose mean is nearest
        (``NearestCentroid()``), without `C` and `class_weight`. "bayes": Gaussian naive Bayes
        (``GaussianNB()``, but variances are smoothed by a share of the largest variance in all
        of `X`, not in the coalition), without `C`; class weights multiply the frequencies of the
        labels. All are exact, and ties go to the smallest label. Any classifier with
        scikit-learn's methods (`fit`, `predict`, `get_params`), for any number of labels: Python
        refits a copy to every coalition from scratch. That is slow, one fit for each of thousands
        of coalitions (`estimate_cost` says how slow), and meant for trees, for models that the
        engine lacks, and for checking. Its parameters `random_state` that are None become 0, so
        that a coalition always scores the same, and its warnings are not shown. A result keeps its
        name and parameters.
    first : int, default 0
        Index of the first permutation; requires `permutations`. Runs over different ranges can be
        done anywhere and put together by `Valuation.merge`.
    sampler : "halving" or "permutations", default "halving"
        "permutations" lets the players join in the order drawn, as the paper does. "halving"
        halves each order over and over, which draws more of the small coalitions that cause most
        of the variance. A halved order costs as much as 7 to 10 plain permutations at 500 samples
        (15 with more features than samples; see `estimate_cost`), and is worth two to ten times
        as many as it costs. docs/statistics.md has the method and figures.
    trace : int, optional
        Keeps the gains at up to this many (at most 10,000) numbers of permutations on the way,
        from 1 to `permutations`, evenly spaced on a logarithmic scale: `Valuation.trace_counts`
        and `trace_gains`. Takes 8 bytes for each of them, each player and class. Workers wait
        for each other at each point, at most for the time of a permutation (with an `executor`,
        of a task). A run that continues an earlier one extends its trace, if it has one.
    until : str, optional
        Stops earlier, as soon as the results suffice: ``"reliability >= 0.95"``,
        ``"stderr<=1e-4"``, ``"lowest 10% decided at 95%"``, ``"below 0 decided at 95%"``. Add
        ``"but for 20"`` to all but the first to leave that many samples undecided. Begin with
        metrics (``"acc, rec reliability >= 0.9"``) to test these; otherwise the rule tests
        `metrics`, or every metric that the test set defines. It is evaluated after fixed numbers
        of permutations, so that the result does not depend on speed. `Valuation.until_met` says
        whether the results met it.
    max_time : float, optional
        Stops after this many seconds; the result is then not `complete`.
    checkpoint : path-like, optional
        Keeps the result so far in this file, which `load` reads, and continues from the file if
        it exists: repeating the call continues a run that was stopped or killed, and gives the
        same integers.
    checkpoint_every : float, default 60.0
        Seconds between writes of the checkpoint.
    extend : Valuation or FoldedValuation, optional
        An earlier result of the same problem to continue: up to `permutations` in all, or until
        the rule of `until` is met.
    executor : concurrent.futures.Executor, optional
        Draws the permutations: a pool of processes or threads, Dask's ``client.get_executor()``,
        mpi4py's ``MPIPoolExecutor``. Each worker is sent the inputs once, then tasks of
        about a second, and uses `threads` threads for each (default: 1). Tasks of a lost worker
        are done again. The integers are the same as without an executor.
    doubt : bool, default False
        Keeps in the result which labels of `y` are probably wrong, according to `shapcpp.doubt` on
        `X`, `y` and `seed`: `Valuation.doubts`. Pages and tables then begin with the doubts.
    votes : bool, default True
        Counts the predictions of models for the samples outside their coalitions, at some sizes of
        the coalitions along each order: `Valuation.votes`, `Valuation.agreement`. Takes about a
        hundredth of the time of a run.
    components : int, optional
        Trains on the features along this many principal directions of the training rows (after
        `scale`), the same directions for both sides, instead of on all features: another model,
        and far faster where features are many. At most the number of features; fewer are kept where
        the rows span fewer. In folds each part has the directions of its own training rows.
        `Valuation.components` has them, and the share of the variance that they keep.
    kernel : "linear", "rbf", "precomputed" or None, default None
        Kernel logistic regression (``model="logistic"``): weights are combinations of the
        coalition's samples in the space whose inner products are k(x, y), and `C` and the free
        intercept act there. "rbf": k = exp(-gamma |x - y|^2), after `scale`, which separates labels
        by curved surfaces. "linear": k = x'y, the model without a kernel. "precomputed": `X`, of
        shape (n, n), and `X_test`, (m, n), hold k of each sample and each training sample. Exact
        like the linear model. Memory and time grow with the number of samples instead of features:
        about 170 n^2 + 30 n m bytes on one thread, and with more than two labels the time of a
        regression with n features for each (`estimate_cost` says both).
    gamma : float, optional
        Of ``kernel="rbf"``. Default: 1 over the median squared distance of different training rows,
        to four digits; in folds, of all rows. ``Valuation.settings["gamma"]`` has it.

    Returns
    -------
    Valuation, or FoldedValuation without a test set
        ``v["acc"]``, ``v["bal"]``, ``v["rec:LABEL"]`` for each label, and with two classes
        ``v["rec"]``, ``v["spc"]`` are the values, shape (n,).

    Raises
    ------
    TypeError, ValueError
        For a bad argument, naming the offending value and row: arrays first, in the order above.
    MemoryError
        If the run cannot fit in the memory that this process may use. It is raised before anything
        large is allocated, and says how much is needed, how much there is, and whether fewer
        threads would suffice.
    ConvergenceError
        If a fit missed its tolerance: a RuntimeError, never a wrong value. Its ``.partial``
        is the Valuation of the permutations completed.
    ModelError
        If the classifier object cannot be fitted to a coalition: a ValueError that names the
        coalition, with the same ``.partial``.
    UncertifiedError
        If double precision cannot tell the signs of more than 0.1% of all margins: a
        ValueError that names the features at fault and a remedy, with the same ``.partial``.
        Ties, which occur when features take few different values, do not count.
    OverflowError
        If a sum of a halving run no longer fits in 64 bits, as can happen with a rare class and
        millions of test samples; with the same ``.partial``. Plain runs that could overflow are
        refused beforehand.
    WorkerError
        If the workers of the executor cannot go on: a RuntimeError whose ``.partial`` is the
        Valuation of the permutations completed.
    OSError
        If the checkpoint cannot be written when the run starts. Later failures to write it are a
        `CheckpointWarning`: the run goes on and tries again.
    Exception
        Any other exception that ends a run midway, such as one from `progress`, also has a
        ``.partial``.
    Interrupted
        On Ctrl-C: a KeyboardInterrupt whose ``.partial`` is the Valuation of the
        permutations completed.

    Warns
    -----
    ValuationWarning
        If the classifier of all samples gives every test sample the same label, several samples
        share an id, or more than a tenth of the standard errors by some metric cannot be believed
        (`Valuation.trusted`).

    Notes
    -----
    Sampling over permutations: Ghorbani and Zou, *Data Shapley*, 2019. Metrics and
    protocol: Enshaei et al., *Data Shapley value for handling noisy labels*, who use
    ``sampler="permutations"``.

    Examples
    --------
    >>> import numpy as np, shapcpp
    >>> X = np.array([[0.0], [0.2], [0.9], [1.1], [0.1]])
    >>> v = shapcpp.value(X, [0, 0, 1, 1, 1], [[0.0], [1.0]], [0, 1], permutations=100)
    >>> int(v.lowest("acc", 0.2)[0])
    4
    """
    v = carry_out(plan(**locals()))
    warn_of(v)
    return v
