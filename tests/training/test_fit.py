"""The fit: it learns, it is the same twice, and the paper's settings are the paper's."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig, Sampling, ScaleRange
from gie.errors import InputError
from training.fit import Fitted, Precision, Running, fit
from training.module import CHUNK, AdapterFit, window_loss
from training.presets import DEFAULT, PAPER, PRESETS, Preset
from training.rows import Rows, mildest, pulled

LAYERS = tuple(f"layer.{index}" for index in range(16))


def make_rows(count: int, seed: int) -> Rows:
    """Features as small as real ones, whose first layer says the scale."""
    features = torch.rand(count, 16, generator=torch.Generator().manual_seed(seed)) * 0.1
    weakest = -(1 + 120 * features[:, 0])
    return Rows(features, weakest, weakest - 1, tuple(("explicit", "pair")[index % 2] for index in range(count)))


TRAIN, VAL = make_rows(80, 0), make_rows(20, 1)


def make_config(preset: Preset) -> AdapterConfig:
    """The config of an adapter with the preset's form."""
    sampling = Sampling(first_timestep=999, scheduler="DDIM", steps=4, guidance=5, height=64, width=64)
    return AdapterConfig(
        concept="cat", synonyms=(), slots="concept", base_model="tiny", fingerprint="0", layers=LAYERS, injected=(1.0,),
        scales=ScaleRange(smallest=-15, step=1), first_step="plain", sampling=sampling, recipe_hash="0",
        transform=preset.transform, hidden=preset.hidden, members=preset.members,
    )  # fmt: skip


def run_fit(preset: Preset, *, seed: int = 0, running: Running | None = None, **changes: Any) -> Fitted:
    """A short fit."""
    preset = replace(preset, **({"epochs": 60} | changes))
    return fit(TRAIN, VAL, config=make_config(preset), preset=preset, seed=seed, running=running)


def same_bits(one: Adapter, other: Adapter) -> bool:
    """Whether two adapters have the very same weights and normalisation."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_paper_is_the_papers() -> None:
    """Eq. 10: 64 and 32 wide, raw features, linear output, Adam without decay, 1e-3, 2000 epochs, MSE, last weights."""
    shape = {"hidden": (64, 32), "normalise": False, "transform": "linear"}
    search = {
        "epochs": 2000,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "target": "scale",
        "keep": "last",
        "patience": 0,
        "members": 1,
        "noise": 0.0,
        "pull": 0.0,
        "untouched": 0.0,
    }
    assert asdict(PAPER) == shape | search


def test_paper_fit_is_plain_torch() -> None:
    """The whole fit equals the same optimisation written out in plain torch, bit for bit."""
    fitted = run_fit(PAPER, epochs=20)
    torch.manual_seed(0)
    adapter = Adapter(make_config(PAPER))
    optimizer = torch.optim.Adam(adapter.parameters(), lr=1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        loss = (adapter.network(TRAIN.features)[0] - TRAIN.weakest).square().mean()
        loss.backward()
        optimizer.step()
    assert same_bits(fitted.adapter, adapter)


@pytest.mark.parametrize("name", PRESETS)
def test_same_seed_same_bits(name: str) -> None:
    """Fitting twice gives the same adapter and curve, another seed another adapter."""
    one, two, other = run_fit(PRESETS[name]), run_fit(PRESETS[name]), run_fit(PRESETS[name], seed=1)
    assert same_bits(one.adapter, two.adapter)
    assert one.curve == two.curve
    assert not same_bits(one.adapter, other.adapter)


def test_fit_leaves_torch_as_it_was() -> None:
    """The caller's random state and threads come back."""
    torch.manual_seed(3)
    expected, threads = torch.rand(4), torch.get_num_threads()
    torch.manual_seed(3)
    run_fit(DEFAULT, epochs=2)
    assert torch.equal(torch.rand(4), expected)
    assert torch.get_num_threads() == threads


def test_default_learns() -> None:
    """From features that say the scale, the default finds it for prompts that it never saw, which it first did not."""
    fitted = run_fit(DEFAULT, epochs=150, learning_rate=5e-3, pull=0.0, untouched=0.0)
    first, last = fitted.curve[0].val, fitted.curve[-1].val
    inferred = fitted.adapter.infer(VAL.features[:, None])[:, 0]
    assert first > 5
    assert last < first / 5
    assert window_loss(inferred, weakest=VAL.weakest, strongest=VAL.strongest) == pytest.approx(last, rel=1e-4)


def test_what_is_hardly_suppressed_is_left_alone() -> None:
    """Inferred scales weaker than a share of the mildest kind's are 0; the weights are the same. Paper's are as they are."""
    options: dict[str, Any] = {"epochs": 150, "learning_rate": 5e-3, "pull": 0.0}
    every, some = (run_fit(DEFAULT, untouched=share, **options).adapter for share in (0.0, 0.9))
    limit = 0.9 * mildest(TRAIN)
    assert some.config.weakest == pytest.approx(limit)
    assert every.config.weakest == run_fit(PAPER).adapter.config.weakest == 0
    assert same_bits(every, some)
    plain, cut = (adapter.infer(TRAIN.features[:, None]) for adapter in (every, some))
    weak = plain > limit
    assert 0 < weak.sum() < len(weak)
    assert torch.equal(cut, torch.where(weak, 0.0, plain))


def test_the_default_learns_what_is_pulled_to_the_commonest_scale_of_its_kind() -> None:
    """The fit of pulled rows, bit for bit; what it watches is pulled to the train rows' scales."""
    preset = replace(DEFAULT, epochs=20)
    train, val = (pulled(rows, TRAIN, share=DEFAULT.pull) for rows in (TRAIN, VAL))
    by_hand = fit(train, val, config=make_config(preset), preset=replace(preset, pull=0.0), seed=0)
    assert same_bits(run_fit(preset, epochs=20).adapter, by_hand.adapter)
    assert not same_bits(run_fit(preset, epochs=20, pull=0.0).adapter, by_hand.adapter)


def test_best_weights_are_kept() -> None:
    """`best` returns the weights of the epoch with the lowest val loss, `last` those of the last epoch."""
    rate = 0.3  # so high that the loss jumps about
    best, last = (run_fit(DEFAULT, learning_rate=rate, keep=keep) for keep in ("best", "last"))
    patient = run_fit(DEFAULT, learning_rate=rate, patience=1000)
    assert same_bits(patient.adapter, best.adapter), "who waits for better weights gets the best"
    losses = [point.val for point in best.curve]
    assert losses.index(min(losses)) < len(losses) - 1
    assert not same_bits(best.adapter, last.adapter)


def test_curve_has_a_point_an_epoch() -> None:
    """The curve starts before anything was learned and ends with the last epoch."""
    curve = run_fit(PAPER).curve
    assert [point.epoch for point in curve] == list(range(60))
    assert curve[-1].train < curve[0].train


def test_normalisation_is_the_training_rows() -> None:
    """The default adapter carries the moments of its training features; the paper's has none."""
    torch.testing.assert_close(run_fit(DEFAULT, epochs=1).adapter.mean, TRAIN.features.mean(dim=0))
    assert torch.equal(run_fit(PAPER, epochs=1).adapter.mean, torch.zeros(16))


class StoppedError(Exception):
    """As if the process had been killed."""


def stop_after(monkeypatch: pytest.MonkeyPatch, passes: int) -> None:
    """Let the fit break off after so many passes."""
    whole = AdapterFit.one_pass

    def broken(self: AdapterFit, *batches: Any) -> None:
        if len(self.curve) == passes:
            raise StoppedError
        whole(self, *batches)

    monkeypatch.setattr(AdapterFit, "one_pass", broken)


def test_a_stopped_fit_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its checkpoint, to the bits and the curve of a fit that was never stopped; then the checkpoint is gone."""
    monkeypatch.setattr("training.checkpoint.EVERY", 1)
    epochs = CHUNK + 40
    never_stopped = run_fit(DEFAULT, epochs=epochs)
    running = Running(checkpoint=tmp_path / "fit.ckpt")
    with monkeypatch.context() as patch:
        stop_after(patch, CHUNK + 20)
        with pytest.raises(StoppedError):
            run_fit(DEFAULT, epochs=epochs, running=running)
    assert (tmp_path / "fit.ckpt").exists()
    passes: list[int] = []
    whole = AdapterFit.one_pass

    def counted(self: AdapterFit, *batches: Any) -> None:
        passes.append(len(self.curve))
        whole(self, *batches)

    monkeypatch.setattr(AdapterFit, "one_pass", counted)
    resumed = run_fit(DEFAULT, epochs=epochs, running=running)
    assert passes == list(range(CHUNK, epochs)), "what the checkpoint holds is not done again"
    assert same_bits(resumed.adapter, never_stopped.adapter)
    assert resumed.curve == never_stopped.curve
    assert list(tmp_path.iterdir()) == []


def test_patience_stops_early() -> None:
    """The fit ends so many epochs after the best one, and keeps its weights; without patience it goes on."""
    rate = 0.3  # so high that the loss jumps about
    patient = run_fit(DEFAULT, learning_rate=rate, epochs=100, patience=5)
    losses = [point.val for point in patient.curve]
    assert len(losses) == losses.index(min(losses)) + 6 < 100
    assert len(run_fit(DEFAULT, learning_rate=rate, epochs=100).curve) == 100


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_another_precision_is_asked_for_by_name(precision: Precision) -> None:
    """It is another fit, which learns too, and the adapter comes back in single precision."""
    other = run_fit(DEFAULT, running=Running(precision=precision))
    assert {tensor.dtype for tensor in other.adapter.state_dict().values()} == {torch.float32}
    assert not same_bits(other.adapter, run_fit(DEFAULT).adapter)
    assert other.curve[-1].train < other.curve[0].train


def test_an_accelerator_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, before anything is fitted."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(InputError, match="expected an accelerator and a precision that this machine has, got cuda"):
        run_fit(DEFAULT, running=Running(accelerator="cuda"))
