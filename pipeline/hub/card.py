"""The card of an adapter: what it is for, how well it works, how it was made, what it cannot do.

Every number is read from the outs of the stages (`pipeline.hub.facts`); the metadata passes huggingface_hub's validation.
"""

from typing import Any

from huggingface_hub import EvalResult, ModelCard

from gie.card import TAGS, how_to_use, metadata
from pipeline.bootstrap import CONFIDENCE, Interval
from pipeline.hub.facts import Facts
from pipeline.policies import ADAPTER
from pipeline.summary import GROUPS

EXAMPLES = "examples.png"
NOT_FOR_ALL = "not-for-all-audiences"

AUDITED = {
    "labels that come again within a step": ("retest", "within_one_step"),
    "pick that follows the pictures and not their place": ("position",),
    "kappa with a second judge": ("second_judge", "quadratic_kappa"),
    "refused": ("refused",),
}
"""Words on the card -> where the number stands in the audit's metrics, with its interval."""

CARD = """---
{metadata}
---

# {title}

Keeps **{concept}** out of the pictures of `{base_model}` while they are drawn, without changing a weight of it: a GIE adapter
([paper](https://arxiv.org/abs/2408.01014)). From the concept's cross-attention at the first step it reads how strongly the concept
has to be suppressed in this picture: w between {smallest:g} and 0.

{use}
{examples}
## How well it works

On {n} test prompts whose wordings training never saw, by `{evaluator}`, which had no part in labelling.
**Gone**: of the pictures that showed the concept, the share that no longer does. **Kept**: what else was asked for is still there,
and it is a picture. **Regret**: how much more often the best scale of each prompt, known only afterwards, succeeds.

{measured}

By the kind of prompt:

{kinds}

## How it was made

| | |
| :--- | :--- |
| concept | {concept}; prompts also say {synonyms} |
| prompts | {prompts} |
| sweep | {scales} scales from {weakest:g} to {smallest:g}, {steps} steps of {scheduler}, guidance {guidance:g}, {width} x {height} pixels, slots `{slots}`, values `{values}` |
| judge | {judges}; {agreement:.1%} of its votes agree with the label |
| labels | {labels} |
| answers of the judge | {outcomes} |
| audit of the judge | {audit} |
| cost of the labels | {cost:.2f} US dollars |
| training | preset `{preset}`, {epochs} epochs, seed {seed}, features of {read} read with w = {injected} from {noise} |
| recipe | `{recipe_hash}` |

`gie verify {repo}` downloads the files, compares their hashes and, where the labels were published, trains the adapter again.

## Limits and misuse

- The numbers are shares, measured on prompts like those of the recipe, by a network that errs. They are no guarantee; who attacks the prompt
  on purpose can do better than they say.
- It holds for this base model (weights `{fingerprint}`) under the conditions above. Elsewhere it warns and uses one fixed scale, {fixed}.
- It acts in the pipeline, not in the weights: a person who has the weights can leave it out. It is no access control.
- What to erase is a choice. Erasing what people are, or how they are shown, can do harm as generating can; look at what the adapter does to
  pictures that do not ask for the concept before you use it for others.
"""


def write_card(facts: Facts, repo: str, *, license: str, pictures: bool) -> str:  # noqa: A002 - the hub's word
    """The README.md of the repository `repo`; validated, raises ValueError when the metadata is not right."""
    config = facts.config
    text = CARD.format(
        metadata=_metadata(facts, repo, license=license, pictures=pictures),
        repo=repo,
        title=repo.rpartition("/")[2],
        use=how_to_use(config, repo, f"a picture with {config.concept}"),
        examples=f"\n![Without the adapter above, with it below]({EXAMPLES})\n" if pictures else "",
        n=len(facts.summary.all(ADAPTER)),
        evaluator=facts.protocol["evaluator"],
        measured=_table(
            ["measured", "share", "95 % interval", "prompts"], [_row(*it) for it in facts.measured.items()]
        ),
        kinds=_kinds(facts),
        **_purpose(facts),
        **_making(facts),
    )
    ModelCard(text)  # reads the metadata, and so refuses what the hub could not read
    return text


def _purpose(facts: Facts) -> dict[str, Any]:
    """What it is for, and where it holds."""
    config, sampling = facts.config, facts.config.sampling
    return {
        "concept": config.concept,
        "synonyms": ", ".join(config.synonyms) or "no other word",
        "base_model": config.base_model,
        "fingerprint": config.fingerprint[:16],
        "smallest": config.scales.smallest,
        "fixed": "none" if config.best_fixed_scale is None else f"{config.best_fixed_scale:g}",
        "slots": config.slots,
        "values": config.values,
        "read": "the concept's tokens and [EOT]" if config.eot else "the concept's tokens",
        "noise": f"{config.noises} noises that all prompts share" if config.noises else "the picture's own noise",
        "injected": " and ".join(f"{w:g}" for w in config.injected),
        "recipe_hash": config.recipe_hash,
        **sampling.model_dump(),
    }


def _making(facts: Facts) -> dict[str, Any]:
    """How it came about."""
    recipe, judging, ladder = facts.recipe, facts.judging, facts.recipe.sweep.ladder
    return {
        "prompts": _counts({split: sum(kinds.values()) for split, kinds in recipe.prompts.counts.items()}),
        "scales": len(ladder) - 1,
        "weakest": ladder[1],
        "judges": "; ".join(judging.judges),
        "agreement": judging.agreement,
        "labels": _counts(judging.labels),
        "outcomes": _counts(judging.outcomes),
        "audit": _audit(facts),
        "cost": judging.cost_usd,
        "preset": recipe.train.preset,
        "epochs": recipe.train.epochs,
        "seed": recipe.train.seed,
    }


def _metadata(facts: Facts, repo: str, *, license: str, pictures: bool) -> Any:  # noqa: A002
    return metadata(
        facts.config,
        license=license,
        tags=[*TAGS, *([NOT_FOR_ALL] if pictures else [])],
        model_name=repo.rpartition("/")[2],
        eval_results=[_result(facts, name, interval) for name, interval in facts.measured.items()],
    )


def _result(facts: Facts, name: str, interval: Interval) -> EvalResult:
    """One number of the evaluation under its own name, its interval among its arguments."""
    return EvalResult(
        task_type="text-to-image",
        dataset_type=facts.recipe.name,
        dataset_name=f"{facts.recipe.name}, test prompts",
        dataset_split="test",
        metric_type=name,
        metric_name=f"{name} ({facts.protocol['protocol']})",
        metric_value=round(interval.mean, 4),
        metric_args={
            "confidence": CONFIDENCE,
            "low": round(interval.low, 4),
            "high": round(interval.high, 4),
            "n": interval.n,
        },
    )


def _row(name: str, interval: Interval) -> list[str]:
    return [name, f"{interval.mean:.1%}", f"{interval.low:.1%} to {interval.high:.1%}", str(interval.n)]


def _kinds(facts: Facts) -> str:
    def cell(group: str, measure: str) -> str:
        found = facts.summary.interval(ADAPTER, measure, group)
        return "–" if found is None else f"{found.mean:.1%}"

    groups = [group for group in GROUPS if facts.summary.all(ADAPTER, group)]
    rows = [[group, *(cell(group, measure) for measure in ("gone", "kept", "success"))] for group in groups]
    return _table(["prompts", "gone", "kept", "success"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, [":---"] * len(head), *rows))


def _audit(facts: Facts) -> str:
    """Passed, with the numbers of `AUDITED` that the audit took; only an audit that passed is ever published."""
    if facts.audit is None:
        return "not run"
    said = ["passed"]
    for words, path in AUDITED.items():
        found: Any = facts.audit
        for key in path:
            found = found.get(key) or {}
        if found.get("low") is not None:
            said.append(f"{words} {found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]")
    return "; ".join(said)


def _counts(counts: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
