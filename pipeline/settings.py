"""`params.yaml` as frozen records, one a stage; what they do not know is refused.

Stages hand plain arguments on: no library below sees these records.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from gie.errors import InputError
from gie.slots import Slots, Values
from pipeline.mistakes import did_you_mean, one_line
from pipeline.tables import Kind, Split

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[tuple[str, ...], Field(strict=False)]


class Settings(BaseModel):
    """Base of all: frozen, an unknown key is an error, and 1 is a float but "1" and true are not."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ModelSettings(Settings):
    """The model that is asked to draw."""

    id: str
    """Folder (relative to `params.yaml`) or hub id, in diffusers' format."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    compile: bool = False
    """`torch.compile` the UNet: pays for itself from some thousands of pictures on a GPU."""
    workers: Positive = 1
    """Copies of the model that render batches side by side, on a GPU each or a part of the cores; above 1 with the extra `ray`.

    The first step's probes, whole sweeps and the evaluation's pictures are spread; what a `sweep.search` wants is rendered in one
    process, for its next batch depends on the last. Pictures and ledger do not depend on it."""


class EndpointSettings(Settings):
    """Where a model behind an OpenAI-compatible API is asked, and for how much."""

    base_url: str = ""
    """openai: where it is asked; "" is OPENAI_BASE_URL, else OpenAI's own."""
    key_variable: str = "OPENAI_API_KEY"
    """openai: the environment variable with the key; the key itself stands in no file. A server on this machine needs none."""
    answers_as: str = ""
    """openai: the name that replies carry where it is neither `model` nor a dated snapshot of it; "*": any."""
    max_cost_usd: Annotated[float, Field(ge=0)] | None = None
    """openai: never spend more in a run; None: no limit."""
    price_per_million: Annotated[tuple[float, float] | None, Field(strict=False)] = None
    """openai: dollars a million tokens of questions and of answers; None: the known price of the model."""


class PromptSettings(EndpointSettings):
    """Which prompts are written."""

    provider: Literal["template", "openai"]
    """Who writes them: sentences filled with words from a vocabulary, or a language model behind an OpenAI-compatible API."""
    counts: dict[Split, dict[Kind, Count]]
    """Prompts by split and kind."""
    vocabulary: str = ""
    """template: the JSON file of words and sentences."""
    named: Share = 0.6
    """template: share of the prompts that name the style, and of those that name the background."""
    model: str = ""
    """openai: name of the model that writes."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    """openai: 0 writes the likeliest prompts, which are alike; 1 as the model was trained."""
    seed: Count = 0

    @model_validator(mode="after")
    def _writer_is_known(self) -> "PromptSettings":
        if self.provider == "openai" and not self.model:
            raise ValueError("expected a model for provider openai, got none; add the key model")
        return self


class ScaleRange(Settings):
    """`start`, `start + step`, ... `stop`, both ends included."""

    start: float
    stop: float
    step: float

    @property
    def values(self) -> tuple[float, ...]:
        """Rounded to 1e-9, so that -0.1 thrice is -0.3; raises ValueError when the steps do not lead to `stop`."""
        steps = (self.stop - self.start) / self.step if self.step else -1.0
        if steps < 0:
            raise ValueError(f"expected a step that leads from {self.start:g} to {self.stop:g}, got {self.step:g}")
        return tuple(round(self.start + index * self.step, 9) for index in range(round(steps) + 1))


Scales = ScaleRange | Annotated[tuple[float, ...], Field(strict=False)]


def _all_negative(scales: Scales) -> Scales:
    values = scales.values if isinstance(scales, ScaleRange) else scales
    if not_negative := [value for value in values if value >= 0]:
        raise ValueError(f"expected negative scales (0, the plain model, is always rendered), got {not_negative[0]:g}")
    if not values or len(set(values)) != len(values):
        raise ValueError(f"expected at least one scale and each once, got {list(values)}")
    return scales


class JudgeSettings(EndpointSettings):
    """One judge of the sweeps, and what is enough for it."""

    judge: Literal["local", "openai", "detector", "human"]
    model: str = ""
    """local, detector: folder of a `CLIPModel`; openai: name of the model."""
    strategy: Literal["single", "sheet", "multi", "bisect", "pairwise"] | None = None
    """How the pictures are shown. openai: sheet, multi, bisect or pairwise; local: single or bisect. None: the first of these."""
    detail: Literal["low", "high", "auto"] | None = None
    """openai: how closely pictures are looked at, which only OpenAI's own knows; it changes the price."""
    seed: Count | None = 0
    """openai: sent along, for endpoints that honour it."""
    calls_at_once: Positive = 32
    """openai: calls in flight at most; fewer where the endpoint says that it is too much."""
    detector: Literal["open-nsfw", "nudenet"] = "open-nsfw"
    """detector: what sees whether the concept is gone; below `gone_below` it is."""
    labels: str = ""
    """human: CSV file with the columns prompt_id, scale, outcome; "": what people picked on the review page."""
    names: Words = ()
    """local: what captions call the concept ("a cat", "a kitten"); none: the concept and its synonyms as they are."""
    contrasts: Words = ()
    """local: other objects that a picture may show ("a dog")."""
    attributes: Annotated[tuple[Words, ...], Field(strict=False)] = ()
    """local: groups of traits that exclude each other ("blue background", "green background")."""
    broken: Words = ()
    """local: what captions call a picture that is none ("noise", "nothing")."""
    gone_below: Share = 0.5
    """The concept is gone where its probability is below."""
    kept_above: Share = 0.5
    """It is a picture where that is at least as probable; of the rest at least this share of the plain picture's is left."""

    @model_validator(mode="after")
    def _is_whole(self) -> "JudgeSettings":
        ways = {"openai": ("sheet", "multi", "bisect", "pairwise"), "local": ("single", "bisect")}
        known = ways.get(self.judge, ("single",))
        if self.strategy is not None and self.strategy not in known:
            raise ValueError(f"expected a strategy of judge {self.judge} ({', '.join(known)}), got {self.strategy}")
        if self.judge != "human" and not self.model:
            raise ValueError(f"expected a model for judge {self.judge}, got none; add the key model")
        return self


class LabelSettings(JudgeSettings):
    """Who judges the sweeps: one judge, and those that are asked where it gives no judgement."""

    then: Annotated[tuple[JudgeSettings, ...], Field(strict=False)] = ()
    """The judges after this one, in order, in the same form."""
    at_once: Positive = 48
    """Sweeps that are open at one time: their pictures are in memory."""

    @model_validator(mode="after")
    def _are_different(self) -> "LabelSettings":
        asked = [(one.judge, one.model, one.strategy, one.labels, one.detector) for one in (self, *self.then)]
        if twice := next((one for index, one in enumerate(asked) if one in asked[:index]), None):
            raise ValueError(f"expected judges that differ in kind, model or strategy, got {twice[0]} {twice[1]} twice")
        return self


class SweepSettings(Settings):
    """Which pictures of a prompt are rendered, and how."""

    scales: Annotated[Scales, AfterValidator(_all_negative)]
    """As written: a list or {start, stop, step}, all below 0. Stages read `ladder`."""
    probes: Annotated[tuple[float, ...], Field(strict=False)] = (1.0, 0.0)
    """w that is injected in a first step for its features alone; those along the sweep come by themselves, from the pictures' own noise."""
    noises: Annotated[int, Field(ge=0)] = 0
    """From how many noises, the same for all prompts, the probes start, for the mean; 0: from each picture's own, as in the paper."""
    slots: Slots
    """Which token slots of the concept are injected; the paper's is `concept`."""
    values: Values = "concept"
    """What is injected of them: their values whole as in the paper, or `concept-empty`, what they have beyond the empty text's."""
    first_step: Literal["inhibited", "plain"] = "inhibited"
    steps: Positive
    guidance: Annotated[float, Field(ge=0)]
    """Classifier-free guidance, off up to 1; FLUX.1-dev and LCMs read every value themselves, FLUX.1-schnell none."""
    scheduler: str
    """Class name in diffusers without "Scheduler": DPMSolverMultistep, DDIM, ...; for SD3 and FLUX FlowMatchEulerDiscrete."""
    height: Positive
    width: Positive
    max_sequence_length: Annotated[int, Field(ge=1, le=512)] | None = None
    """Slots of T5's text in SD3 and FLUX; None: the pipeline's own, 256 and 512. FLUX.1-schnell was made for 256."""
    batch_size: Positive
    """Pictures a batch. Part of what a picture is: its last bits depend on the batch that it was rendered in."""
    search: LabelSettings | None = None
    """Who is asked which scales of a train prompt to render, the recipe's own judge: a search wants about 5 of 16. None: all are."""

    @model_validator(mode="after")
    def _searcher_sees_single_pictures(self) -> "SweepSettings":
        judges = (self.search, *self.search.then) if self.search else ()
        for one in judges:
            if one.judge == "human" or (one.judge == "openai" and one.strategy != "bisect"):
                got = f"{one.judge} with strategy {one.strategy}"
                raise ValueError(f"search: expected local, detector, or openai with strategy bisect, got {got}")
        return self

    def searches(self, split: Split) -> bool:
        """Whether only those pictures of the split are rendered that a search asks for; the fit is watched on whole sweeps, and measured on them."""
        return self.search is not None and split == "train"

    @property
    def ladder(self) -> tuple[float, ...]:
        """0 and then the scales, from the weakest to the strongest: the order of a sweep."""
        values = self.scales.values if isinstance(self.scales, ScaleRange) else self.scales
        return (0.0, *sorted(values, reverse=True))

    @property
    def injected(self) -> frozenset[float]:
        """The w of the features that come along the sweep; nothing is injected in a plain first step."""
        return frozenset(self.ladder if self.first_step == "inhibited" else {0.0})

    @property
    def unread(self) -> tuple[float, ...]:
        """The probes that no picture's first step gives by itself, from the highest."""
        read = frozenset[float]() if self.noises else self.injected
        return tuple(sorted(set(self.probes) - read, reverse=True))


class TrainSettings(Settings):
    """How the adapter is fitted."""

    preset: Literal["paper", "default"]
    """`training.presets`: the paper's MLP and optimisation exactly, or what measures better on prompts left out."""
    injected: Annotated[tuple[float, ...], Field(strict=False, min_length=1)] = (1.0,)
    """The w whose features are trained on: one of the sweep's probes or scales, or several side by side."""
    eot: bool = False
    """Whether the features of the concept's [EOT] are read beside those of its tokens; the paper reads the tokens alone."""
    absent: Literal["drop", "zero"]
    """Prompts whose plain picture lacks the concept: left out, or taken as w = 0."""
    epochs: Positive = 2000
    """Passes over all rows, which are one batch; the paper's are 2000."""
    patience: Count = 0
    """Epochs without a lower loss on val after which training stops; 0 = never."""
    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    """Where it is fitted; a network this small is fastest on the CPU."""
    precision: Literal["32-true", "64-true", "bf16-mixed", "16-mixed"] = "32-true"
    """As Lightning calls them."""
    wandb: bool = False
    """Log to Weights & Biases: offline unless WANDB_API_KEY is set."""
    wandb_pictures: Literal["blurred", "plain"] = "blurred"
    """How the table of sweeps shows them there."""
    seed: Count = 0
    """Of the first weights."""


class DetectorSettings(Settings):
    """A detector that finds the target, and a CLIP that says whether the rest is kept."""

    detector: Literal["open-nsfw", "nudenet"]
    """Extra `detector`, extra `nudenet`."""
    clip: Annotated[str, Field(min_length=1)]
    """Folder (relative to `params.yaml`) or hub id of a `CLIPModel`."""
    found_at_least: Share = 0.5
    """The target is found where the detector is at least as sure."""
    rest_at_least: Share = 0.9
    """Share of the plain picture's CLIP score with the rest that must be left."""
    quality_at_least: Share = 0.5
    """It is a picture where what was asked fits it so much better than the names of wrecks."""


class EvaluateSettings(Settings):
    """Who looks at the held-out pictures: never a model that labels."""

    evaluator: Annotated[
        Annotated[str, Tag("Folder")] | Annotated[DetectorSettings, Tag("Detector")],
        Discriminator(lambda given: "Folder" if isinstance(given, str) else "Detector"),
    ]
    """Folder of a network that names what it sees; or a detector and a CLIP, for what no such network knows."""

    @property
    def models(self) -> frozenset[str]:
        """By name, all that look."""
        one = self.evaluator
        return frozenset({one} if isinstance(one, str) else {one.detector, one.clip})


class AuditSettings(Settings):
    """How hard `gie audit` looks at the judge, and what it must show."""

    probes: Positive = 20
    """Sweeps of each kind whose answer is known."""
    retests: Positive = 20
    """Real sweeps that are judged again from scratch."""
    second: LabelSettings | None = None
    """Another judge, who looks at the retested sweeps too; without one, and without people, there is no agreement between judges."""
    people: str = ""
    """CSV file of what people picked, with the columns prompt_id, scale, outcome; "": what they picked on the review page."""
    probes_at_least: Share = 0.9
    """Share of the probes of each kind that the judge answers as known."""
    position_at_least: Share = 0.8
    """How the pick moves with the place of the answer: 1 it follows the pictures, 0 it stays in its cell."""
    retest_at_least: Share = 0.9
    """Share of the labels that come again, at most one step away."""
    kappa_at_least: Share = 0.6
    """Quadratic-weighted kappa with the second judge; with people the high end of its interval."""
    violations_at_most: Share = 0.15
    """Share of the pictures that contradict the rule that what is gone stays gone."""
    refused_at_most: Share = 0.2
    """Share of the prompts that the judge refused."""


class Recipe(Settings):
    """All that makes one adapter."""

    name: str
    concept: Annotated[str, Field(min_length=1)]
    """The text that is injected, and so erased."""
    synonyms: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Other words for it: they make prompts, they are never injected."""
    model: ModelSettings
    prompts: PromptSettings
    sweep: SweepSettings
    label: LabelSettings
    train: TrainSettings
    evaluate: EvaluateSettings
    audit: AuditSettings = AuditSettings()

    @model_validator(mode="after")
    def _judges_do_not_evaluate(self) -> "Recipe":
        judges = (self.label, *self.label.then)
        judging = {judge.model for judge in judges} | {one.detector for one in judges if one.judge == "detector"}
        if both := sorted(judging & self.evaluate.models):
            raise ValueError(f"expected an evaluator that does not label, got {both[0]} in label and in evaluate")
        return self

    @model_validator(mode="after")
    def _searcher_labels(self) -> "Recipe":
        if self.sweep.search and self.sweep.search != self.label:
            raise ValueError(
                "label: expected the judge of sweep.search, got another; make them the same, by a YAML anchor"
            )
        return self

    @property
    def recipe_hash(self) -> str:
        """16 hex digits over everything that the adapter depends on: all but its name, who renders, what is logged, and how it and the judge are measured."""
        logged = {"wandb", "wandb_pictures"}
        unseen: Any = {"name": True, "evaluate": True, "audit": True, "train": logged, "model": {"workers"}}
        made_by = self.model_dump(mode="json", exclude=unseen)
        return hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()[:16]


class PublishSettings(Settings):
    """What an adapter must show before `gie publish` uploads it, and under which licence."""

    namespace: str = ""
    """User or organisation on the hub; only `publishing/dvc.yaml` reads it, to name the repositories."""
    license: str = "apache-2.0"
    """Of the adapter, as the hub writes licences; pictures and the base model have their own."""
    gone_at_least: Share = 0.8
    """Of the test pictures that showed the concept, the share that no longer does."""
    kept_at_least: Share = 0.6
    """Of all test prompts, the share whose rest is kept."""
    regret_at_most: Share = 0.4
    """How much more often the best scale of each prompt succeeds."""


class Params(Settings):
    """The whole file, its recipes still unread: one broken recipe does not stop the others."""

    adapters: Annotated[tuple[str, ...], Field(strict=False)]
    """What `dvc repro` builds."""
    shared: dict[str, Any] = {}
    """YAML anchors that recipes merge; nobody reads them from here."""
    recipes: dict[str, dict[str, Any]]
    publish: PublishSettings = PublishSettings()


def read_recipe(name: str, path: str | Path = "params.yaml") -> Recipe:
    """One recipe of `params.yaml`; raises InputError that names the key, what was expected and what stands there."""
    recipes = read_params(path).recipes
    if name not in recipes:
        raise InputError(
            f"{path}: expected a recipe, got {name!r}{did_you_mean(name, recipes)}; it has {', '.join(recipes)}"
        )
    try:
        return Recipe.model_validate({**recipes[name], "name": name})
    except ValidationError as error:
        raise InputError(one_line(error, f"{path}: recipes.{name}", Recipe)) from error


def read_params(path: str | Path = "params.yaml") -> Params:
    """The whole file, recipes unread; raises InputError when it is missing or not of this form."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            return Params.model_validate(yaml.safe_load(file))
    except FileNotFoundError as error:
        raise InputError(f"expected a params file, got no file at {path}; give --params") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: expected YAML, got {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise InputError(one_line(error, str(path), Params)) from error
