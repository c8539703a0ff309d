"""One generation inside an `inhibit` block: its embeddings, its scales, and what its first step shows (Algorithm 1).

The scales are settled in the first forward of the denoiser: fixed ones before it; inferred ones from an extra forward of the
conditional rows alone when the features are read with something injected or the first step is to be inhibited, else
from the plain first forward itself.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from warnings import warn

import torch
from jaxtyping import Float
from torch import Tensor

from gie.adapter import Adapter
from gie.adapter_config import Reading, Sampling
from gie.block import Settings
from gie.closeness import GaveWay, give_way
from gie.concept import Concept
from gie.conditions import differences
from gie.encoding import encode
from gie.errors import GieError
from gie.inhibitor import distances
from gie.injection import Injection, Mode
from gie.rows import Parts
from gie.texts import EncodedConcept
from gie.weights import fixed_scales, slot_weights


@dataclass(frozen=True)
class Probe:
    """A forward that is run for features alone."""

    readings: dict[int, Reading]
    """Concept -> what it reads there; all start from the same noise."""

    @property
    def noise(self) -> int | None:
        """The number of the shared noise; None: the pictures' own."""
        return next(iter(self.readings.values())).noise


class Erasure:
    """The state of one generation."""

    def __init__(self, pipe: Any, settings: Settings, injections: Sequence[Injection]) -> None:
        self._pipe = pipe
        self._settings = settings
        self._injections = injections
        self._encoded: tuple[EncodedConcept, ...] = ()
        self._inferring: set[int] = set()
        self._reading: dict[int, Reading] = {}
        self._readings: dict[int, dict[Reading, Float[Tensor, "images read layers"]]] = {}
        self.forwards = 0
        """Forwards of the denoiser so far."""
        self.images: int | None = None
        self.conditions: Sampling | None = None
        self.features: dict[int, Float[Tensor, "images _ _"]] = {}
        """By the concept's place in the block: what was read, or of an adapter the inputs that it makes of it."""
        self.token_scales: dict[int, Float[Tensor, "images tokens"]] = {}
        self.gave_way: tuple[GaveWay, ...] = ()

    def open(self, *, images: int, context: int, conditions: Sampling) -> None:
        """Encode the concepts, beside prompts of `context` slots, and fix every scale that is known before the first forward."""
        self.images, self.conditions = images, conditions
        texts = encode(self._pipe, self._settings.concepts, context=context)
        self._encoded = texts.concepts
        for injection in self._injections:
            injection.begin(texts)
        for index, concept in enumerate(self._settings.concepts):
            scale = self._known_scale(concept)
            if isinstance(scale, Adapter):
                self._inferring.add(index)
            else:
                tokens = self._encoded[index].tokens
                self.token_scales[index] = fixed_scales(scale, images=images, tokens=tokens)

    def probes(self) -> list[Probe]:
        """The forwards that are run for features alone; passive concepts share one, others would disturb each other."""
        alone: list[Probe] = []
        together: dict[int | None, dict[int, Reading]] = {}
        shown = self._settings.first_step == "plain"  # what it shows of the pictures' own noise is read for nothing
        for index in sorted(self._inferring):
            for reading in self._adapter(index).config.readings:
                if reading.injected:
                    alone.append(Probe({index: reading}))
                elif reading.noise is not None or not shown:
                    together.setdefault(reading.noise, {})[index] = reading
        return [*alone, *map(Probe, together.values())]

    @contextmanager
    def probing(self, probe: Probe, others: Sequence[Injection], *, parts: Parts) -> Generator[None]:
        """Inside, a forward with these conditional parts reads the concepts' features, each with its w injected."""
        assert self.images is not None
        before: list[tuple[Injection, Mode, Parts]] = [(other, other.mode, other.parts) for other in others]
        for other in others:
            other.mode = "inject" if other.mode in {"inject", "read"} else "skip"
            other.parts = parts
        pushed = {index: reading.injected for index, reading in probe.readings.items() if reading.injected}
        self._inject(
            {i: fixed_scales(w, images=self.images, tokens=self._encoded[i].tokens) for i, w in pushed.items()}
        )
        self._want(probe.readings)
        self.announce("read", parts)
        try:
            yield
        finally:
            for other, mode, parts_before in before:
                other.mode, other.parts = mode, parts_before
        self._collect()
        self._inject(dict.fromkeys(pushed))

    def begin_first_step(self) -> None:
        """Before the first real forward: inject what is to be injected in it, and want what is to be read."""
        if self._settings.first_step == "inhibited":
            self._inject_all()
        capturing = {0} if self._settings.capture and 0 not in self.features else set[int]()
        self._want(dict.fromkeys(self._inferring | capturing, Reading(0.0, None)))

    def end_first_step(self) -> None:
        """After the first real forward: every scale is known now, and all later steps are inhibited."""
        self._collect()
        if self._settings.first_step == "plain":
            self._inject_all()

    def announce(self, mode: Mode, parts: Parts, *, progress: float | None = None) -> None:
        """Tell every layer what the coming forward is; at which `progress` from noise to picture, if windows matter."""
        active = [progress is None or _inside(concept.window, progress) for concept in self._settings.concepts]
        for injection in self._injections:
            injection.announce(mode, parts, active)

    def refuse_absent_layers(self) -> None:
        """After a forward: every layer took part in it.

        Raises:
            GieError: some did not, so the step was not inhibited as configured.
        """
        absent = sum(not injection.ran for injection in self._injections)
        if absent:
            raise GieError(
                f"expected all {len(self._injections)} {self._injections[0].attention} layers to run in every step, but "
                f"{absent} did not; what skips layers (caching, pruned blocks) is not supported"
            )

    def close(self) -> None:
        """Drop all tensors in the layers."""
        for injection in self._injections:
            injection.begin(None)

    def _adapter(self, index: int) -> Adapter:
        scale = self._settings.concepts[index].scale
        assert isinstance(scale, Adapter)
        return scale

    def _known_scale(self, concept: Concept) -> float | Sequence[float] | Adapter:
        """The concept's own, or its adapter's best fixed one away from where that was trained."""
        if not isinstance(concept.scale, Adapter) or self._settings.outside == "go_on":
            return concept.scale
        assert self.conditions is not None
        config = concept.scale.config
        different = differences(config.sampling, self.conditions)
        if not different:
            return concept.scale
        fallback = config.best_fixed_scale
        action = "its scales may not hold" if fallback is None else f"using its best fixed scale {fallback:g}"
        warn(
            f"the adapter for {concept.text!r} was trained under other conditions ({'; '.join(different)}): {action}; "
            'outside="go_on" infers all the same',
            stacklevel=2,
        )
        return concept.scale if fallback is None else fallback

    def _want(self, reading: Mapping[int, Reading]) -> None:
        """The next forward reads these concepts, of adapters for these readings."""
        self._reading = dict(reading)
        for injection in self._injections:
            for index, concept in enumerate(injection.concepts):
                concept.reading = index in reading

    def _collect(self) -> None:
        """Gather what the forward just read, and infer where that was all."""
        for index, reading in self._reading.items():
            means = [mean for injection in self._injections if (mean := injection.concepts[index].means) is not None]
            assert len(means) == len(self._injections)
            self._readings.setdefault(index, {})[reading] = torch.stack(means, dim=-1).cpu()
            self._infer(index)
        self._want({})

    def _infer(self, index: int) -> None:
        """From the features of every first step that the adapter reads; of a fixed scale there is one, and nothing to infer."""
        readings = self._readings[index]
        if index not in self._inferring:
            self.features[index] = next(iter(readings.values()))
        elif readings.keys() >= set(self._adapter(index).config.readings):
            adapter = self._adapter(index)
            self.features[index] = adapter.arrange(readings)
            self.token_scales[index] = adapter.infer(self.features[index]).float().cpu()
            self._inferring.discard(index)

    def _inject_all(self) -> None:
        """Eq. 11, then W into every layer."""
        order = range(len(self._encoded))
        if len(self._encoded) > 1:
            distance = distances(torch.stack([encoded.pooled for encoded in self._encoded])).cpu()
            scales, self.gave_way = give_way(
                [self.token_scales[i] for i in order], distance, threshold=self._settings.threshold
            )
            self.token_scales = dict(enumerate(scales))
        self._inject({index: self.token_scales[index] for index in order})

    def _inject(self, scales: Mapping[int, Float[Tensor, "images tokens"] | None]) -> None:
        weights = {index: None if of_one is None else self._weights(index, of_one) for index, of_one in scales.items()}
        for injection in self._injections:
            injection.set_scales(weights)

    def _weights(self, index: int, scales: Float[Tensor, "images tokens"]) -> Float[Tensor, "images slots"]:
        encoded, slots = self._encoded[index], self._settings.concepts[index].slots
        context = encoded.embedding.shape[1]
        weights = slot_weights(scales, slots=slots, stretches=encoded.stretches, context=context)
        return weights.to(encoded.embedding.device)


def _inside(window: tuple[float, float], progress: float) -> bool:
    start, stop = window
    return start <= progress < stop or (progress >= stop == 1)
