"""`gie adapters`: which adapters there are on this machine, made here or fetched from the Hub, and how good they are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, scan_cache_dir
from huggingface_hub.errors import CacheNotFound

from gie.adapter import WEIGHTS_FILE
from gie.adapter_config import AdapterConfig, read_config
from gie.errors import InputError
from pipeline.paths import Paths

MEASURES = ("gone", "kept", "regret")


@dataclass(frozen=True)
class Found:
    """One adapter."""

    place: str
    """Folder; or `user/name@` and the beginning of the commit, which are repository and revision for `Adapter.from_pretrained`."""
    config: AdapterConfig
    numbers: dict[str, float | None]
    """Of `MEASURES`; None where it was not evaluated, or published without metrics."""

    @property
    def line(self) -> str:
        """Place, concept, base model, and the three numbers."""
        numbers = "  ".join(f"{name} {_percent(self.numbers.get(name))}" for name in MEASURES)
        return f"{self.place}  {self.config.concept!r} out of {self.config.base_model}  {numbers}"


def local_adapters(root: Path) -> Iterator[Found]:
    """Those that the train stage wrote, by name."""
    for folder in sorted(Paths(root, "any").adapter_folder.parent.glob("*/")):
        if config := _config(folder):
            yield Found(str(folder), config, _numbers(Paths(root, folder.name).metrics))


def cached_adapters() -> Iterator[Found]:
    """Those in huggingface_hub's cache, by repository, each at every commit that was fetched."""
    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return
    for repository in sorted(repositories, key=lambda found: found.repo_id):
        for revision in sorted(repository.revisions, key=lambda found: found.commit_hash):
            folder = Path(revision.snapshot_path)
            if config := _config(folder):
                place = f"{repository.repo_id}@{revision.commit_hash[:8]}"
                yield Found(place, config, _numbers(folder / "metrics.json"))


def _config(folder: Path) -> AdapterConfig | None:
    """None: it is no adapter's folder, for other models have a config.json too."""
    if not (folder / WEIGHTS_FILE).is_file():
        return None
    try:
        return read_config(folder)
    except InputError:
        return None


def _numbers(path: Path) -> dict[str, float | None]:
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: found.get(name) for name in MEASURES}


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
