"""The laws of the method on a CUDA device, whose attention, convolutions and half precision are other kernels than the CPU's.

Each is told in one number: how far latents are from others, as a share of their size. Run as a program (`python -m tests.gie.test_cuda`)
it compiles there, for the checks of annotations that tests install cannot be traced.
"""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
import torch
from torch import Tensor
from torch import _dynamo as dynamo
from torch._dynamo import config as dynamo_config
from torch._dynamo.utils import counters

from gie import Concept, inhibit
from gie.features import probe
from tests.support.adapters import tiny_adapter
from tests.support.families import tiny_of
from tests.support.joint import CALL, joint_adapter, tiny_joint
from tests.support.literal import draw_literally
from tests.support.literal_joint import draw_joint_literally
from tests.support.tiny import TEXT_WIDTH, seeds

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
    pytest.mark.slow,
]
DEVICE = "cuda"
MAKERS: dict[str, Callable[[], Any]] = {
    "sd1": lambda: tiny_of("sd1"),
    "sd2": lambda: tiny_of("sd2"),
    "xl": lambda: tiny_of("xl"),
    "sd3": lambda: tiny_joint("sd3"),
    "flux": lambda: tiny_joint("flux"),
}
UNETS = ("sd1", "sd2", "xl")
PROMPTS = ["a cat", "a photo of the dog"]
MIXED = Concept("cat", scale=[0.0, -7.0])
NEAR = 1e-4
"""fp32 without TF32, summed by other kernels: some 1e-6 from one way of summing to another on the CPU; TF32 would be 1e-3."""
FAR = 0.1
"""An inhibited picture is at least this far from the plain one: the control that something was injected."""
HALVES = {torch.float16: 0.02, torch.bfloat16: 0.1}
"""How far two steps in half precision may be from fp32: on the CPU they are a quarter and half as far."""
DTYPES = (torch.float32, *HALVES)
every_model = pytest.mark.parametrize("model", list(MAKERS))


@pytest.fixture(autouse=True)
def _no_tf32() -> Iterator[None]:
    """By default convolutions in fp32 round their factors to ten bits, as no CPU does."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


@pytest.fixture(autouse=True)
def _same_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in half precision is that of fp32, rounded; torch 2.11 draws other numbers there from the same seed."""
    draw_normal = torch.randn

    def draw_rounded(*size: Any, dtype: torch.dtype | None = None, **options: Any) -> Tensor:
        return draw_normal(*size, **options).to(dtype or torch.get_default_dtype())

    monkeypatch.setattr(torch, "randn", draw_rounded)


def tiny_on(model: str, device: str = DEVICE, dtype: torch.dtype = torch.float32) -> Any:
    """A pipeline with weights of its own, there: the session's stay where they are."""
    return copy.deepcopy(MAKERS[model]()).to(device, dtype)


def is_joint(pipe: Any) -> bool:
    """Whether it is called as SD3 and FLUX are."""
    return hasattr(pipe, "transformer")


def call_of(pipe: Any, images: int = 2) -> dict[str, Any]:
    """Two steps of each image, from noise that is the same on every device."""
    call = {"generator": seeds(*range(images)), "num_inference_steps": 2}
    return call | (CALL if is_joint(pipe) else {"guidance_scale": 7.5})


def draw(pipe: Any, *concepts: Concept, prompts: list[str] = PROMPTS) -> Tensor:
    """Latents, of the plain model where there is no concept."""
    with ExitStack() as blocks:
        if concepts:
            blocks.enter_context(inhibit(pipe, *concepts, threshold=0.0))
        return pipe(prompts, output_type="latent", **call_of(pipe, len(prompts))).images


def distance(latents: Tensor, others: Tensor) -> float:
    """How far they are from the others, as a share of these."""
    latents, others = (some.detach().cpu().double() for some in (latents, others))
    return float((latents - others).norm() / others.norm())


def denoiser(pipe: Any) -> Any:
    """What is called in every step."""
    return pipe.transformer if is_joint(pipe) else pipe.unet


def traces(pipe: Any) -> tuple[Any, ...]:
    """Everything that a block touches, by identity."""
    model = denoiser(pipe)
    processors = {name: id(processor) for name, processor in model.attn_processors.items()}
    return processors, len(model._forward_pre_hooks), len(model._forward_hooks), "set_timesteps" in vars(pipe.scheduler)


@every_model
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_zero_is_the_plain_model_bit_for_bit(model: str, dtype: torch.dtype) -> None:
    """w = 0 changes no bit in any format, also with w = -7 beside it in the batch, which draws another picture."""
    pipe = tiny_on(model, dtype=dtype)
    plain = draw(pipe)
    assert torch.equal(draw(pipe, Concept("cat", scale=0.0)), plain)
    mixed = draw(pipe, MIXED)
    assert mixed.device.type == DEVICE
    assert mixed.dtype == dtype
    assert torch.isfinite(mixed).all()
    assert torch.equal(mixed[0], plain[0])
    assert distance(mixed[1], plain[1]) > FAR
    assert torch.equal(draw(pipe), plain)


@pytest.mark.parametrize("model", ["sd1", "sd3"])
def test_zero_is_plain_under_autocast(model: str) -> None:
    """Where autocast chooses each operation's format, ours are chosen as the plain model's are."""
    pipe = tiny_on(model)
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        plain, mixed = draw(pipe), draw(pipe, MIXED)
    assert torch.equal(mixed[0], plain[0])
    assert distance(mixed[1], plain[1]) > FAR


@every_model
def test_inhibited_is_literal(model: str) -> None:
    """Two concepts on the device draw what Eq. 5 to 8, written out in fp32 on the CPU, draw."""
    scales: dict[str, Sequence[float]] = {"cat": [-7.0, -3.0], "red car": [-2.0, -9.0]}
    here = MAKERS[model]()
    if is_joint(here):
        want, _ = draw_joint_literally(here, scales, PROMPTS, **call_of(here))
    else:
        want = draw_literally(here, scales, PROMPTS, **call_of(here))
    there = tiny_on(model)
    got = draw(there, *(Concept(text, scale=w) for text, w in scales.items()))
    assert distance(got, want) < NEAR
    assert distance(draw(there), want) > FAR


@pytest.mark.parametrize("model", UNETS)
def test_values_beyond_the_empty_texts_are_literal(model: str) -> None:
    """The empty text's values are left out on the device, too."""
    here = MAKERS[model]()
    want = draw_literally(here, {"red cat": [0.0, -7.0]}, PROMPTS, without="", **call_of(here))
    there = tiny_on(model)
    got = draw(there, Concept("red cat", scale=[0.0, -7.0], values="concept-empty"))
    assert distance(got, want) < NEAR
    assert torch.equal(got[0], draw(there)[0])


@pytest.mark.parametrize("model", [*UNETS, "sd3"])  # the tiny FLUX, plain, draws another picture in bfloat16
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_precision_stays_near(model: str, dtype: torch.dtype) -> None:
    """Inhibited latents in half precision are those of fp32 within the format's rounding, as the plain ones are."""
    concept = Concept("cat", scale=-7.0)
    pipe = tiny_on(model)
    want, plain = draw(pipe, concept), draw(pipe)
    pipe.to(dtype=dtype)
    assert distance(draw(pipe), plain) < HALVES[dtype]
    assert distance(draw(pipe, concept), want) < HALVES[dtype]


@every_model
def test_leaving_restores_the_very_processors(model: str) -> None:
    """After the block, also after an exception in a step, the same processors and hooks are there, and the picture is plain."""
    pipe = tiny_on(model)
    plain, before = draw(pipe), traces(pipe)
    with inhibit(pipe, MIXED):
        assert traces(pipe) != before
    assert traces(pipe) == before

    def fail(*_: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), inhibit(pipe, MIXED):
        pipe(PROMPTS, output_type="latent", callback_on_step_end=fail, **call_of(pipe))
    assert traces(pipe) == before
    assert torch.equal(draw(pipe), plain)


@every_model
@pytest.mark.parametrize("w", [0.0, 1.0, -5.0])
def test_features_are_the_cpus(model: str, w: float) -> None:
    """What the first step shows is read in fp32 from the same noise, and comes back to the CPU."""
    concept = Concept("red kitten", scale=w)
    here, there = (
        probe(pipe, concept, prompts=PROMPTS, generators=call.pop("generator"), **call)
        for pipe, call in ((pipe, call_of(pipe)) for pipe in (MAKERS[model](), tiny_on(model)))
    )
    assert (there.device.type, there.dtype) == ("cpu", torch.float32)
    torch.testing.assert_close(there, here, atol=1e-5, rtol=1e-3)
    assert (here[0] - here[1]).abs().max() > 1e-4, "the images are alike"


@every_model
@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 0.01), (torch.float16, 0.1)], ids=str)
def test_an_adapter_infers_the_cpus_scales(model: str, dtype: torch.dtype, most: float) -> None:
    """An adapter of the model on the CPU knows the model on the device, in the precision that is usual there, and says the same."""
    here, there = MAKERS[model](), tiny_on(model, dtype=dtype)
    make = joint_adapter if is_joint(here) else tiny_adapter
    adapter = make(here, injected=(1.0, 0.0))
    scales: list[Tensor] = []
    pictures: list[Tensor] = []
    for pipe in (here, there):
        with inhibit(pipe, adapter, outside="go_on") as run:
            pictures.append(pipe(PROMPTS, output_type="latent", **call_of(pipe)).images)
        scales.append(run.scales)
    torch.testing.assert_close(scales[1], scales[0], atol=most, rtol=0)
    assert scales[0][0] != scales[0][1]
    text = adapter.config.concept
    fixed = scales[1][:, 0].tolist()
    if run.token_scales[0].shape[1] == 1:  # of several own tokens each has a scale of its own
        assert torch.equal(draw(there, Concept(text, scale=fixed)), pictures[1])


@every_model
def test_a_neighbour_changes_little(model: str) -> None:
    """An image alone and the same image in a batch differ by rounding only, though other kernels may draw it."""
    pipe = tiny_on(model)
    alone = draw(pipe, Concept("cat", scale=-7.0), prompts=PROMPTS[:1])
    beside = draw(pipe, Concept("cat", scale=[-7.0, -15.0, 0.0]), prompts=[*PROMPTS, "a car"])
    assert distance(beside[:1], alone) < NEAR


@every_model
@pytest.mark.parametrize("offload", ["enable_model_cpu_offload", "enable_sequential_cpu_offload"])
def test_offloaded_weights_inhibit_alike(model: str, offload: str) -> None:
    """Weights that visit the device by the model, or layer by layer, draw what weights that stay there draw."""
    want = draw(tiny_on(model), MIXED)
    pipe = tiny_on(model, "cpu")
    getattr(pipe, offload)(device=DEVICE)
    plain, got, again = draw(pipe), draw(pipe, MIXED), draw(pipe, MIXED)
    assert torch.equal(got[0], plain[0])
    assert distance(got[1], plain[1]) > FAR
    assert distance(got, want) < NEAR
    assert torch.equal(again, got)  # the weights have gone and come once more
    assert torch.equal(draw(pipe), plain)


@pytest.mark.parametrize("model", ["sd1", "flux"])
def test_a_window_leaves_steps_plain(model: str) -> None:
    """Timesteps are read from the device: a window between the two steps is the plain model, one around the first is not."""
    pipe = tiny_on(model)
    plain = draw(pipe)
    assert torch.equal(draw(pipe, Concept("cat", scale=-7.0, window=(0.1, 0.2))), plain)
    assert distance(draw(pipe, Concept("cat", scale=-7.0, window=(0.0, 0.2))), plain) > FAR


@pytest.mark.parametrize("model", UNETS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_channels_last_inhibits_alike(model: str, dtype: torch.dtype) -> None:
    """In the memory format that tensor cores like, w = 0 is that model's plain picture and w = -7 the same as before."""
    pipe = tiny_on(model, dtype=dtype)
    want = draw(pipe, MIXED)
    pipe.unet.to(memory_format=torch.channels_last)
    plain, got = draw(pipe), draw(pipe, MIXED)
    assert torch.equal(got[0], plain[0])
    assert distance(got, want) < HALVES.get(dtype, NEAR)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the program found."""
    command = [sys.executable, "-m", "tests.gie.test_cuda"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.timeout(400)  # compiling for the first time is slow on a busy machine
def test_the_whole_unet_is_one_graph(told: dict[str, Any]) -> None:
    """No graph break of ours on the device either; that the inhibitors are in the graph shows in an attention a layer more."""
    graphs, breaks, attentions = told["plain"]
    assert (graphs, breaks) == (1, 0)
    assert told["inhibited"] == [1, 0, attentions + attentions // 2]


@pytest.mark.timeout(400)
def test_compiled_blocks_inhibit_alike_and_are_compiled_once(told: dict[str, Any]) -> None:
    """Each block is one graph; a second generation finds the graphs of the first and draws the same, near the eager one."""
    first, second = told["graphs"]
    assert 0 < first == second
    assert max(told["distances"]) < NEAR
    assert told["far"] > FAR


def explain(pipe: Any) -> tuple[int, int, int]:
    """Of the UNet in the middle of a generation: graphs, breaks between them, and attentions in them."""
    seen: list[tuple[int, int, int]] = []

    def look(*_: Any) -> dict[str, Any]:
        dynamo.reset()
        sample, text = torch.randn(4, 4, 8, 8, device=DEVICE), torch.randn(4, 20, TEXT_WIDTH, device=DEVICE)
        told = dynamo.explain(pipe.unet)(sample, torch.tensor(10, device=DEVICE), text)
        nodes = [str(node.target) for graph in told.graphs for node in graph.graph.nodes]
        seen.append((told.graph_count, told.graph_break_count, sum("scaled_dot_product" in name for name in nodes)))
        return {}

    pipe(PROMPTS, output_type="latent", callback_on_step_end=look, **call_of(pipe) | {"num_inference_steps": 1})
    return seen[0]


def compile_blocks(pipe: Any) -> dict[str, Any]:
    """Graphs after the first and the second compiled generation, and how far each is from the eager one."""
    dynamo.reset()
    dynamo_config.recompile_limit = 64  # blocks of each width and size, projecting the concept and later
    eager, plain = draw(pipe, MIXED), draw(pipe)
    pipe.unet.compile_repeated_blocks(fullgraph=True)  # a graph break raises
    counters.clear()
    graphs, distances = list[int](), list[float]()
    for _ in range(2):
        distances.append(distance(draw(pipe, MIXED), eager))
        graphs.append(counters["stats"]["unique_graphs"])
    return {"graphs": graphs, "distances": distances, "far": distance(plain, eager)}


def main() -> None:
    """Print the figures as JSON."""
    torch.backends.cudnn.allow_tf32 = False
    pipe = tiny_on("sd1")
    with torch.no_grad():
        plain = explain(pipe)
        with inhibit(pipe, MIXED):
            inhibited = explain(pipe)
    sys.stdout.write(json.dumps({"plain": plain, "inhibited": inhibited, **compile_blocks(pipe)}))


if __name__ == "__main__":
    main()
