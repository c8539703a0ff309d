"""Where everything lies: every path that a stage reads or writes stands here, and in `dvc.yaml`, which a test compares."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The files of one adapter inside one project folder."""

    root: Path
    """The folder that holds `params.yaml` and `data/`."""
    adapter: str
    """Name of the recipe, and of everything that is made by it."""

    @property
    def prompts(self) -> Path:
        """Out of the prompts stage: one Parquet file."""
        return self.root / "data" / "prompts" / f"{self.adapter}.parquet"

    @property
    def prompt_metrics(self) -> Path:
        """How many prompts of which kind there are, what was dropped on the way, and what it cost."""
        return self.root / "data" / "prompts" / f"{self.adapter}.json"

    @property
    def sweeps(self) -> Path:
        """Out of the sweep stage: a folder of Parquet shards, `part-00000.parquet` and on."""
        return self.root / "data" / "sweeps" / self.adapter

    @property
    def features(self) -> Path:
        """Out of the sweep stage: the features of every prompt, token and injected scale, one Parquet file."""
        return self.root / "data" / "features" / f"{self.adapter}.parquet"

    @property
    def conditions(self) -> Path:
        """Out of the sweep stage: model, layers and first timestep (`pipeline.conditions`), which the adapter carries on."""
        return self.features.with_suffix(".json")

    @property
    def labeling(self) -> Path:
        """Out of the label stage: the folder of `labels`, `verdicts` and `label_metrics`."""
        return self.root / "data" / "labels" / self.adapter

    @property
    def labels(self) -> Path:
        """One label a prompt."""
        return self.labeling / "labels.parquet"

    @property
    def verdicts(self) -> Path:
        """Every answer of every judge."""
        return self.labeling / "verdicts.parquet"

    @property
    def label_metrics(self) -> Path:
        """How many prompts had which outcome."""
        return self.labeling / "metrics.json"

    @property
    def adapter_folder(self) -> Path:
        """Out of the train stage: what `Adapter.from_pretrained` takes."""
        return self.root / "data" / "adapters" / self.adapter

    @property
    def history(self) -> Path:
        """The training curve, inside the adapter's folder: CSV with the columns epoch, train, val (loss)."""
        return self.adapter_folder / "history.csv"

    @property
    def train_metrics(self) -> Path:
        """Inside the adapter's folder: what was learned from and how far off the adapter is, on train and val."""
        return self.adapter_folder / "metrics.json"

    @property
    def evaluating(self) -> Path:
        """Out of the evaluate stage: the folder of all below."""
        return self.root / "data" / "evaluations" / self.adapter

    @property
    def evaluation(self) -> Path:
        """One row an image and policy."""
        return self.evaluating / "evaluation.parquet"

    @property
    def adapted(self) -> Path:
        """The pictures that the adapter made of the test prompts; rows as in `sweeps`, with the inferred scale."""
        return self.evaluating / "adapted.parquet"

    @property
    def report(self) -> Path:
        """The page for a person."""
        return self.evaluating / "report.html"

    @property
    def metrics(self) -> Path:
        """What `dvc metrics show` prints."""
        return self.evaluating / "metrics.json"

    @property
    def protocol(self) -> Path:
        """By whom and how it was measured: evaluator, thresholds, classes."""
        return self.evaluating / "protocol.json"

    @property
    def plots(self) -> Path:
        """The folder of the CSV files that `dvc plots` draws."""
        return self.evaluating / "plots"

    @property
    def audit(self) -> Path:
        """What `gie audit` found out about the judge."""
        return self.root / "data" / "audits" / f"{self.adapter}.json"

    @property
    def exported(self) -> Path:
        """The folder that `gie export` writes and `gie publish` uploads; not an out, it is made anew each time."""
        return self.root / "build" / "export" / self.adapter

    @property
    def receipt(self) -> Path:
        """Out of publishing (`publishing/dvc.yaml`): repository, commit, and the hash of every file."""
        return self.root / "data" / "receipts" / f"{self.adapter}.json"

    def inside(self, path: str) -> Path:
        """A path of `params.yaml`, which is relative to the project folder unless it is absolute."""
        return self.root / path
