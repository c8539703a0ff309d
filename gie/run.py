"""What watches the denoiser inside an `inhibit` block, and what the block hands out.

Forward hooks on it, never a replaced `forward`: with CPU offload, accelerate puts its own forward back after
every call. Every forward is checked, so that a step that would not be inhibited as configured raises.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gie.adapter_config import Sampling
from gie.block import Settings
from gie.call import Call, read_call
from gie.closeness import GaveWay
from gie.conditions import is_guided, progress, read_conditions
from gie.erasure import Erasure
from gie.errors import GieError
from gie.generation import GenerationWatch
from gie.installation import CrossInstallation
from gie.joint.installation import JointInstallation
from gie.layers import plain_module
from gie.negative import NegativeCalls
from gie.noise import from_shared_noise
from gie.rows import Parts, conditional_parts, take_rows
from gie.support import denoiser_of, family_of

INSTALLATIONS = {"unet": CrossInstallation, "transformer": JointInstallation}


class Run:
    """One block's work; what it tells is of the last generation."""

    def __init__(self, pipe: Any, settings: Settings) -> None:
        self._pipe = pipe
        self._family = family_of(pipe)
        self._denoiser = denoiser_of(pipe, self._family)
        self._settings = settings
        self._installation = INSTALLATIONS[self._family.denoiser](self._denoiser)
        self._watch = GenerationWatch(pipe, self._begin)
        self._hooks: list[Any] = []
        self._erasure: Erasure | None = None
        self._negative = NegativeCalls()

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers where image and text meet, in call order: the columns of the features."""
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
    def features(self) -> Float[Tensor, "images _ _"]:
        """The first concept's, in fp32, read in the first step with what was injected then (Eq. 9).

        `[images, tokens + 1, layers]`, its own tokens and then [EOT]; where an adapter infers its scale `[images, tokens, inputs]`, what
        the adapter was given.
        """
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
            self._denoiser.register_forward_pre_hook(torch.compiler.disable(self._before), with_kwargs=True),
            self._denoiser.register_forward_hook(torch.compiler.disable(self._after)),
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
        if denoiser_of(self._pipe, self._family) is not self._denoiser:
            raise GieError(
                f"expected the {self._family.denoiser} that inhibit() was given, got another; put models in place outside "
                "the block"
            )
        self._erasure = Erasure(self._pipe, self._settings, list(self._installation.injections.values()))
        self._erasure.close()
        self._negative = NegativeCalls()

    def _before(self, _denoiser: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Check that this forward will be inhibited as configured, and announce it."""
        self._watch.follow()
        self._installation.check()
        erasure = self._erasure
        if erasure is None:
            raise GieError(
                "expected the scheduler's set_timesteps before the denoiser's first call, got none in this block"
            )
        call = read_call(args, kwargs, self._family)
        if call.named.get("skip_layers"):
            raise GieError(
                "expected all blocks in every call, got skip_layers; call the pipeline without skip_guidance_layers"
            )
        parts = conditional_parts(
            len(call.sample), guided=is_guided(self._pipe), perturbed=self._is_perturbed(), images=erasure.images
        )
        if self._family.separate_negative:
            self._negative.look(call, self._pipe.scheduler.step_index)
        if self._negative.running:
            erasure.announce("skip", parts)
            return
        first = erasure.forwards == 0
        if first:
            self._open(erasure, parts, call)
        where = progress(self._pipe, call.timestep) if self._settings.windowed else None
        erasure.announce("read" if first else "inject", parts, progress=where)
        erasure.forwards += 1

    def _open(self, erasure: Erasure, parts: Parts, call: Call) -> None:
        images = parts[0].stop - parts[0].start
        conditions = read_conditions(self._pipe, call, self._denoiser.config)
        erasure.open(images=images, context=call.context, conditions=conditions)
        # Processors of perturbed guidance count on all parts of the batch; else the text's own rows are enough.
        perturbed = self._is_perturbed()
        args, kwargs = call.args, call.kwargs
        if not perturbed:
            args, kwargs = take_rows((args, kwargs), parts[0], rows=len(call.sample))
        alone = read_call(args, kwargs, self._family)
        alone_parts = parts if perturbed else (slice(0, images),)
        for probe in erasure.probes():
            args, kwargs = alone.args, alone.kwargs
            if probe.noise is not None:
                args, kwargs = from_shared_noise(alone, probe.noise, self._denoiser)
            with erasure.probing(probe, self._installation.others(), parts=alone_parts):
                # Past the hooks, and eager: the real first forward follows through them.
                plain_module(self._denoiser).forward(*args, **kwargs)
            erasure.refuse_absent_layers()
        erasure.begin_first_step()

    def _after(self, _denoiser: Any, _args: tuple[Any, ...], _output: Any) -> None:
        erasure = self._last()
        erasure.refuse_absent_layers()
        if erasure.forwards == 1 and not self._negative.running:
            erasure.end_first_step()
        self._negative.end()
        erasure.announce("idle", ())

    def _is_perturbed(self) -> bool:
        return bool(getattr(self._pipe, "do_perturbed_attention_guidance", False))
