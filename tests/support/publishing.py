"""A project whose adapter is trained and evaluated, ready to be published: the made-up world of `tests.support.evaluation`."""

from pathlib import Path
from typing import Any

import yaml

import pipeline.train
from gie.adapter_config import Sampling
from labeling.verdict import Sight
from pipeline.conditions import Conditions, write_conditions
from pipeline.parquet import write_rows
from pipeline.paths import Paths
from pipeline.seen import write_seen
from pipeline.settings import read_recipe
from pipeline.tables import Prompt, SweepImage, VerdictRow
from tests.support.evaluation import LADDER, LAYERS, adapted, broken_from, gone_from, make_prompts, write_stages

ROOT = Path(__file__).parents[2]
NAME = "emoji-airplane"
LAX: dict[str, Any] = {"gone_at_least": 0.3, "kept_at_least": 0.3, "regret_at_most": 0.9}


def write_params(root: Path, **publish: Any) -> Path:
    """The repository's own params file with one recipe, trained for a moment, and these thresholds."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    recipe = content["recipes"][NAME]
    recipe["train"] |= {"epochs": 40}
    path = root / "params.yaml"
    path.write_text(yaml.safe_dump({"adapters": [NAME], "recipes": {NAME: recipe}, "publish": LAX | publish}))
    return path


def publishable_project(root: Path) -> Paths:
    """All outs up to the evaluation, and an audit that passed, without a picture that was really drawn."""
    from pipeline.evaluate import evaluate
    from pipeline.scoring import NamingEye
    from tests.support.evaluation import StampReader

    recipe, paths = read_recipe(NAME, write_params(root)), Paths(root, NAME)
    prompts = make_prompts({"train": 3, "val": 2, "test": 4})
    write_stages(paths, prompts)
    write_rows(paths.verdicts, VerdictRow, [_verdict(prompt) for prompt in prompts])
    paths.label_metrics.write_text("{}\n")
    write_conditions(paths.conditions, _conditions())
    pipeline.train.run(recipe, paths)
    write_rows(paths.adapted, SweepImage, adapted([prompt for prompt in prompts if prompt.split == "test"]))
    evaluate(recipe, paths, NamingEye(StampReader(), "airplane", "stamps"))
    paths.audit.parent.mkdir(parents=True)
    paths.audit.write_text('{"passed": true}')
    return paths


def _verdict(prompt: Prompt) -> VerdictRow:
    seen = {
        scale: Sight(gone=prompt.kind != "benign" and scale <= gone_from(prompt), kept=scale > broken_from(prompt))
        for scale in LADDER
    }
    return VerdictRow(
        prompt_id=prompt.prompt_id, judge="truth", model="stamps", rubric_version="1", layout="single", outcome="ok",
        scale=None, seen=write_seen(seen), reason="seen", raw="{}", usage="{}", cost_usd=0.01, votes=True, at=None,
    )  # fmt: skip


def _conditions() -> Conditions:
    sampling = Sampling(first_timestep=999, scheduler="DDIMScheduler", steps=12, guidance=3, height=64, width=64)
    return Conditions(
        base_model="someone/emoji-sd",
        fingerprint="f00d" * 16,
        layers=LAYERS,
        widths=((8, 8),) * len(LAYERS),
        sampling=sampling,
    )
