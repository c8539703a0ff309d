"""What watches the UNet inside an `inhibit` block, and what the block hands out.

Forward hooks on the UNet, never a replaced `forward`: with CPU offload, accelerate puts its own forward back after
every call. Every forward is checked, so that a step that would not be inhibited as configured raises.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gie.adapter_config import Sampling
from gie.block import Settings
from gie.closeness import GaveWay
from gie.conditions import progress, read_conditions
from gie.erasure import Erasure
from gie.errors import GieError
from gie.generation import GenerationWatch
from gie.installation import Installation
from gie.layers import plain_module
from gie.rows import Parts, conditional_parts, take_rows


class Run:
    """One block's work; what it tells is of the last generation."""

    def __init__(self, pipe: Any, settings: Settings) -> None:
        self._pipe = pipe
        self._unet = pipe.unet
        self._settings = settings
        self._installation = Installation(pipe.unet)
        self._watch = GenerationWatch(pipe, self._begin)
        self._hooks: list[Any] = []
        self._erasure: Erasure | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the cross-attention layers in call order: the columns of the features."""
        return tuple(self._installation.injections)

    @property
    def scales(self) -> Float[Tensor, "images concepts"]:
        """The w that was used, mean over a concept's own tokens; 0 where it gave way to a closer, stronger one."""
        return torch.stack([scales.mean(dim=1) for scales in self.token_scales], dim=1)

    @property
    def token_scales(self) -> tuple[Float[Tensor, "images _"], ...]:
        """The w of each own token `[images, tokens]`, one tensor a concept."""
        scales = self._last().token_scales
        if len(scales) < len(self._settings.concepts):
            raise GieError("expected a first step inside the block, got none yet: no scale is inferred")
        return tuple(scales[index] for index in range(len(scales)))

    @property
    def gave_way(self) -> tuple[GaveWay, ...]:
        """Which concepts were left out of which images for a closer, stronger one (Eq. 11)."""
        return self._last().gave_way

    @property
    def features(self) -> Float[Tensor, "images tokens layers"]:
        """The first concept's, in fp32, read in the first step with what was injected then (Eq. 9)."""
        features = self._last().features
        if 0 not in features:
            raise GieError("expected capture=True or an adapter, got neither, or no first step yet: nothing was read")
        return features[0]

    @property
    def conditions(self) -> Sampling:
        """Under which conditions it ran: what an adapter trained on it records."""
        conditions = self._last().conditions
        if conditions is None:
            raise GieError("expected a first step inside the block, got none yet")
        return conditions

    def install(self) -> None:
        """Put processors, hooks and the scheduler's wrapper in place."""
        self._installation.install()
        self._watch.install()
        self._hooks = [
            # Decisions are for Python; what torch.compile sees of them are tensors.
            self._unet.register_forward_pre_hook(torch.compiler.disable(self._before), with_kwargs=True),
            self._unet.register_forward_hook(torch.compiler.disable(self._after)),
        ]

    def restore(self) -> None:
        """The inverse of `install`."""
        for hook in self._hooks:
            hook.remove()
        if self._hooks:
            self._watch.restore()
        self._installation.restore()
        if self._erasure is not None:
            self._erasure.close()

    def _last(self) -> Erasure:
        if self._erasure is None:
            raise GieError("expected a generation inside the block, got none yet; call the pipeline first")
        return self._erasure

    def _begin(self) -> None:
        if self._pipe.unet is not self._unet:
            raise GieError(
                "expected the UNet that inhibit() was given, got another; put models in place outside the block"
            )
        self._erasure = Erasure(self._pipe, self._settings, list(self._installation.injections.values()))
        self._erasure.close()

    def _before(self, _unet: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Check that this forward will be inhibited as configured, and announce it."""
        self._watch.follow()
        self._installation.check()
        erasure = self._erasure
        if erasure is None:
            raise GieError(
                "expected the scheduler's set_timesteps before the UNet's first call, got none in this block"
            )
        sample, timestep = _sample_and_timestep(args, kwargs)
        parts = conditional_parts(
            len(sample), guided=self._is_guided(), perturbed=self._is_perturbed(), images=erasure.images
        )
        first = erasure.forwards == 0
        if first:
            self._open(erasure, parts, args, kwargs)
        erasure.announce("read" if first else "inject", parts, progress=progress(self._pipe, timestep))
        erasure.forwards += 1

    def _open(self, erasure: Erasure, parts: Parts, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        sample, timestep = _sample_and_timestep(args, kwargs)
        images = parts[0].stop - parts[0].start
        erasure.open(images=images, conditions=read_conditions(self._pipe, sample, timestep))
        # Processors of perturbed guidance count on all parts of the batch; else the text's own rows are enough.
        alone = (args, kwargs) if self._is_perturbed() else take_rows((args, kwargs), parts[0], rows=len(sample))
        alone_parts = parts if self._is_perturbed() else (slice(0, images),)
        for concepts in erasure.probes():
            with erasure.probing(concepts, self._installation.others(), parts=alone_parts):
                # Past the hooks, and eager: the real first forward follows through them.
                plain_module(self._unet).forward(*alone[0], **alone[1])
            erasure.refuse_absent_layers()
        erasure.begin_first_step()

    def _after(self, _unet: Any, _args: tuple[Any, ...], _output: Any) -> None:
        erasure = self._last()
        erasure.refuse_absent_layers()
        if erasure.forwards == 1:
            erasure.end_first_step()
        erasure.announce("idle", ())

    def _is_guided(self) -> bool:
        return bool(self._pipe.do_classifier_free_guidance)

    def _is_perturbed(self) -> bool:
        return bool(getattr(self._pipe, "do_perturbed_attention_guidance", False))


def _sample_and_timestep(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Any]:
    """The UNet's first two arguments, however they were handed over."""
    named = dict(zip(("sample", "timestep"), args, strict=False)) | kwargs
    return named["sample"], named["timestep"]
