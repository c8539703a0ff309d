"""How long the fit takes beside the same passes in plain torch: `python -m benchmarks.training`.

Both do all that a pass consists of: the loss on train, backward, the optimiser's step, the loss on val, the curve. The ratio may be 1.3; a test holds it to that with fewer passes.
"""

import sys
from collections.abc import Callable
from time import perf_counter

import torch

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig, Sampling, ScaleRange
from training.fit import fit
from training.module import draw_noise, window_loss
from training.presets import DEFAULT, Preset
from training.rows import Rows, moments, pulled

LAYERS = 16
LIMIT = 1.3


def make_rows(count: int, seed: int) -> Rows:
    """Features as small as real ones, whose first layer says the scale."""
    features = torch.rand(count, LAYERS, generator=torch.Generator().manual_seed(seed)) * 0.1
    weakest = -(1 + 120 * features[:, 0])
    return Rows(features, weakest, weakest - 1, ("explicit",) * count)


def make_config(preset: Preset) -> AdapterConfig:
    """The config of an adapter with the preset's form."""
    sampling = Sampling(first_timestep=999, scheduler="DDIM", steps=4, guidance=5, height=64, width=64)
    return AdapterConfig(
        concept="cat", synonyms=(), slots="concept", base_model="none", fingerprint="0", injected=(1.0,),
        layers=tuple(f"layer.{index}" for index in range(LAYERS)), scales=ScaleRange(smallest=-15, step=1),
        first_step="plain", sampling=sampling, recipe_hash="0", transform=preset.transform, hidden=preset.hidden,
        members=preset.members,
    )  # fmt: skip


def plain_fit(train: Rows, val: Rows, preset: Preset) -> Adapter:
    """The default preset written out."""
    torch.manual_seed(0)
    adapter = Adapter(make_config(preset))
    train, val = (pulled(rows, train, share=preset.pull) for rows in (train, val))
    mean, spread = moments(train)
    adapter.mean.copy_(mean)
    adapter.spread.copy_(spread)
    optimizer = torch.optim.AdamW(adapter.parameters(), lr=preset.learning_rate, weight_decay=preset.weight_decay)
    curve: list[tuple[float, float]] = []
    for epoch in range(preset.epochs):
        noise = preset.noise * spread * draw_noise(preset.members, train.features.shape, seed=0, epoch=epoch)
        optimizer.zero_grad()
        loss = window_loss(adapter.each(train.features + noise), weakest=train.weakest, strongest=train.strongest)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            watched = window_loss(adapter(val.features), weakest=val.weakest, strongest=val.strongest).item()
        curve.append((loss.item(), watched))
    return adapter


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The shortest of some runs: the one that was disturbed least."""
    times: list[float] = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def measure(preset: Preset, *, repeats: int) -> tuple[float, float]:
    """Seconds of the fit and of the plain loop, on one thread."""
    torch.set_num_threads(1)
    train, val, config = make_rows(200, 0), make_rows(40, 1), make_config(preset)
    lightning = seconds(lambda: fit(train, val, config=config, preset=preset, seed=0), repeats)
    return lightning, seconds(lambda: plain_fit(train, val, preset), repeats)


def main() -> int:
    """Print the figures; 1 when the fit is too slow."""
    lightning, plain = measure(DEFAULT, repeats=3)
    ratio = lightning / plain
    sys.stdout.write(
        f"{DEFAULT.epochs} epochs: fit {lightning:.2f} s, plain torch {plain:.2f} s, ratio {ratio:.2f} (limit {LIMIT})\n"
    )
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
