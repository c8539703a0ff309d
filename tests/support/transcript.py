"""Transcripts of a shell in the docs: `$ command` and what it prints, run again and compared.

Numbers may differ from machine to machine and from run to run, so a shown line is found when a printed one has the same words in
the same order; `...` stands for any lines.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d[\w.:+-]*")


@dataclass(frozen=True)
class Step:
    """One command of a transcript."""

    command: str
    shown: tuple[str, ...]
    """The lines below it, without empty ones and `...`."""


def steps(page: str) -> Iterator[Step]:
    """All commands of all console blocks in order."""
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            yield Step(command, tuple(line for line in lines if line.strip() and line.strip() != "..."))


def run(step: Step, *, cwd: Path, environment: Mapping[str, str]) -> str:
    """What the command prints; a failure is an AssertionError with its output."""
    command = ["bash", "-c", step.command]
    ended = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert ended.returncode == 0, f"$ {step.command}\n{ended.stdout}"
    return ended.stdout


def missing(step: Step, printed: str) -> list[str]:
    """The shown lines that were not printed."""
    there = {_words(line) for line in printed.splitlines()}
    return [line for line in step.shown if _words(line) not in there]


def _words(line: str) -> tuple[str, ...]:
    """Without numbers, hashes and the drawing of tables."""
    return tuple(re.sub(r"[^\w%$=./@\[\]-]+", " ", NUMBER.sub(" ", line)).split())
