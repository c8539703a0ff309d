"""Writes `requirements/*.txt` from the environment it runs in: `python -m checks.pins` (`make pins`).

Each file is the closure of some extras of pyproject.toml, so that an installation is small where little is needed; a file leaves out
what the one before it pins. Versions are public ones: `2.13.0+cpu` is pinned as `2.13.0`, which any index can serve.
"""

import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

__all__ = ["FILES", "closure", "declared", "pins", "write"]

ROOT = Path(__file__).parent.parent

FILES = {"run": ("pipeline",), "emoji": ("emoji",), "ci": ("dev",)}
"""File -> the extras whose closure it pins; each file includes those above it."""

HEADER = "# Written by `make pins` from the environment the tests ran in; ranges are in pyproject.toml.\n"


def declared(extra: str, project: Path = ROOT / "pyproject.toml") -> list[Requirement]:
    """What pyproject.toml asks for: the base ("" as the extra) or an extra with the extras it names."""
    table = tomllib.loads(project.read_text())
    if not extra:
        return [Requirement(line) for line in table["project"]["dependencies"] + table["build-system"]["requires"]]
    found: list[Requirement] = []
    for requirement in map(Requirement, table["project"]["optional-dependencies"][extra]):
        if requirement.name == table["project"]["name"]:
            found += [inner for name in sorted(requirement.extras) for inner in declared(name, project)]
        else:
            found.append(requirement)
    return found


def closure(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Name -> public version of everything installed that `requirements` need, directly or not."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = list(requirements)
    while todo:
        requirement = todo.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        distribution = metadata.distribution(requirement.name)
        versions[key[0]] = Version(distribution.version).public
        todo += needed(distribution, requirement.extras)
    return versions


def needed(distribution: metadata.Distribution, extras: Iterable[str]) -> Iterator[Requirement]:
    """The requirements of one distribution with `extras` that hold in this environment."""
    for requirement in map(Requirement, distribution.requires or []):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ["", *extras]):
            yield requirement


def pins() -> dict[str, str]:
    """File name -> its text."""
    texts: dict[str, str] = {}
    known: dict[str, str] = {}
    above = ""
    for file, extras in FILES.items():
        wanted = closure([*declared(""), *(item for extra in extras for item in declared(extra))])
        lines = [f"{name}=={version}\n" for name, version in sorted(wanted.items()) if name not in known]
        texts[f"{file}.txt"] = HEADER + (f"-r {above}.txt\n" if above else "") + "".join(lines)
        known |= wanted
        above = file
    return texts


def write(folder: Path = ROOT / "requirements") -> None:
    """Replace the files in `folder`."""
    folder.mkdir(exist_ok=True)
    for name, text in pins().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
