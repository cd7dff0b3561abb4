"""One experiment of the paper: labels flipped, a network trained on them, its features valued."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import shapcpp
from shapcpp.experiment.institutions import INSTITUTIONS, institution_rows
from shapcpp.experiment.scans import ScanSource
from shapcpp.experiment.settings import Settings, name_of
from shapcpp.experiment.stages import Facts, Progress, Stages
from shapcpp.experiment.tables import write_rows
from shapcpp.report.experiments import Experiment
from shapcpp.results.valuation import load

__all__ = ["RULES", "FlippedLabels"]

# One-class rules, and the suffix of a run's file under each.
RULES = {"constant": "", "carry": "-carry"}
ROMAN = {0.1: "I", 0.2: "II", 0.3: "III"}


class FlippedLabels:
    """The experiment with one share of the training labels flipped, in stages.

    Parameters
    ----------
    noise : float
        The share of each class.
    settings : Settings
        The arguments of `reproduce`.
    scans : ScanSource
        The slices.
    stages : Stages
        The stages done in the folder of results.
    """

    def __init__(self, noise: float, settings: Settings, scans: ScanSource, stages: Stages) -> None:
        self.noise, self.percent = noise, name_of(noise)
        self._settings, self._scans, self._stages = settings, scans, stages
        self.network: Facts = {}
        self.auc: Facts = {}
        self.institutions: list[dict[str, Any]] = []

    @property
    def features_file(self) -> str:
        """The file of features, with noisy and true labels."""
        return f"features-{self.percent}.npy"

    @property
    def run_files(self) -> dict[str, str]:
        """The files of the runs, by one-class rule."""
        return {rule: f"run-{self.percent}{suffix}.npz" for rule, suffix in RULES.items()}

    @property
    def value_stages(self) -> list[str]:
        """The names of the stages that compute values."""
        return [f"values-{self.percent}{suffix}" for suffix in RULES.values()]

    def do(self) -> None:
        """Does all stages that are not done yet."""
        self._train()
        self._take_features()
        for rule, stage in zip(RULES, self.value_stages, strict=True):
            self._value(rule, stage)
        if self._settings.groups is not None:
            self._value_institutions(self._settings.groups)

    def result(self) -> Experiment:
        """Loads the runs for tables and report."""
        runs = {rule: load(self._stages.path(file)) for rule, file in self.run_files.items()}
        numeral = ROMAN.get(self.noise)
        return Experiment(
            name=f"{numeral} ({self.percent}%)" if numeral else f"{self.percent}%",
            run=runs["constant"],
            carry=runs["carry"],
            noise=self.noise,
            auc={"validation": self.auc["val_auc"], "test": self.auc["test_auc"]},
        )

    def _noisy(self, progress: Progress) -> NDArray[Any]:
        slices = self._scans.slices(progress)
        train = slices.label[slices.split == "train"]
        return shapcpp.flip_labels(train, self.noise, self._settings.seed)[0]

    def _train(self) -> None:
        from shapcpp.ct.network.training import TRAINING

        stage = f"network-{self.percent}"
        settings, inputs = self._settings, self._scans.inputs | {"noise": self.noise}
        inputs |= {"training": settings.training | {"version": TRAINING}}
        outputs = [f"model-{self.percent}.pt", f"curve-{self.percent}.csv"]

        def work(progress: Progress) -> Facts:
            from shapcpp.ct.extraction import save_curve
            from shapcpp.ct.network.capsules import NetworkOptions
            from shapcpp.ct.network.training import train

            noisy = self._noisy(progress)
            trained = train(
                self._scans.slices(progress),
                noisy,
                options=NetworkOptions(routing=settings.routing),
                epochs=settings.epochs,
                patience=settings.patience,
                device=settings.device,
                seed=settings.seed,
                checkpoint=self._stages.partial(stage, inputs),
                progress=progress,
                note=progress.tell,
            )
            trained.save(self._stages.path(outputs[0]))
            save_curve(self._stages.path(outputs[1]), trained)
            best = trained.curve[int(np.argmin(trained.curve["val_loss"]))]
            return {
                "epochs": len(trained.curve),
                "best_epoch": int(best["epoch"]),
                "val_auc": float(best["val_auc"]),
                "device": settings.device,
            }

        self.network = self._stages.do(stage, inputs, outputs, work)

    def _take_features(self) -> None:
        stage = f"features-{self.percent}"
        inputs = self._scans.inputs | self._stages.of(f"network-{self.percent}")
        inputs |= {"noise": self.noise}

        def work(progress: Progress) -> Facts:
            from shapcpp.ct.extraction import features_of
            from shapcpp.ct.network.ranking import class_auc
            from shapcpp.ct.network.trained import features_of_capsules, load_model, scores_of

            noisy = self._noisy(progress)
            slices = self._scans.slices(progress)
            model = self._stages.path(f"model-{self.percent}.pt")
            trained = load_model(model, self._settings.device)
            capsules = trained.capsules(slices.images, progress)
            features = features_of(slices, features_of_capsules(capsules), noisy)
            shapcpp.write_features(self._stages.path(self.features_file), features)
            scores = scores_of(capsules)
            of_split = {split: slices.split == split for split in ("val", "test")}
            return {
                f"{split}_auc": class_auc(scores[rows], slices.of_class[rows])
                for split, rows in of_split.items()
            }

        self.auc = self._stages.do(stage, inputs, [self.features_file], work)

    def _value(self, rule: str, stage: str) -> None:
        settings, output = self._settings.valuing, self.run_files[rule]
        inputs = self._stages.of(f"features-{self.percent}") | settings
        inputs |= {"single_class": rule, "doubt": True}

        def work(progress: Progress) -> Facts:
            train, test = shapcpp.read_features(self._stages.path(self.features_file)).sides()
            v = shapcpp.value(  # type: ignore[call-overload]
                train.X,
                train.y,
                test.X,
                test.y,
                **settings,
                single_class=rule,
                sampler="permutations",
                groups=train.groups,
                ids=train.ids,
                progress=progress,
                by_group=False,
                true_labels=train.true_labels,
                checkpoint=self._stages.partial(stage, inputs),
                doubt=True,
            )
            v.save(self._stages.path(output))
            return {
                "permutations": v.n_permutations,
                "ties": v.ties,
                "uncertified": v.uncertified,
            }

        self._stages.do(stage, inputs, [output], work)

    def _value_institutions(self, column: str) -> None:
        stage, output = f"groups-{self.percent}", f"groups-{self.percent}.csv"
        settings, run = self._settings.valuing, self.run_files["constant"]
        inputs = self._stages.of(f"features-{self.percent}", self.value_stages[0]) | settings
        inputs |= {"groups": column}

        def work(progress: Progress) -> Facts:
            features = shapcpp.read_features(self._stages.path(self.features_file))
            v = load(self._stages.path(run))
            assert isinstance(v, shapcpp.Valuation)
            rows = institution_rows(self.noise, features, column, v, settings, progress)
            write_rows(self._stages.path(output), INSTITUTIONS, rows)
            return {"institutions": len({row[1] for row in rows}), "rows": rows}

        facts = self._stages.do(stage, inputs, [output], work)
        self.institutions = [dict(zip(INSTITUTIONS, row, strict=True)) for row in facts["rows"]]
