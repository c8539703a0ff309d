"""How near the asking comes to what an endpoint allows: `python -m benchmarks.throughput`.

The server takes 1 s for an answer and 32 calls at once. The ideal is 32 answers a second. Asked twice: by somebody who knows the limit,
and by somebody who may have 64 calls in flight and has to find it out from refusals. Both send a sheet of 512 x 512 pixels with each
question, and both keep 0.9 of the ideal or the run ends with 1. Figures also go to `build/throughput.json`, or where `--out` says.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

from PIL import Image

from labeling.asking import Question
from labeling.endpoint.flight import Flight
from labeling.endpoint.retrying import Retries
from tests.support.asked import ask_all, endpoint_to, numbered, truthful
from tests.support.scripted_server import Asked, Reply, problem, scripted_server

LATENCY_S = 1.0
ALLOWED = 32
LEAST = 0.9
SHEET = Image.effect_noise((512, 512), 60).convert("RGB")


@dataclass(frozen=True)
class Row:
    """One way of asking."""

    name: str
    questions: int
    calls: int
    seconds: float
    ideal_seconds: float
    highest: int
    """Calls at the server at once, at most."""

    @property
    def share(self) -> float:
        """Of the ideal rate."""
        return self.ideal_seconds / self.seconds


def serve(asked: Asked) -> Reply:
    """The right answer after a second; at once a refusal when there are too many."""
    if asked.in_flight > ALLOWED:
        return problem(429, "too many at once")
    return replace(truthful(asked), delay_s=LATENCY_S)


def serve_here() -> None:
    """Say the URL; when asked, how many calls came and how many at once; go on until the input ends."""
    with scripted_server(serve) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            sys.stdout.write(f"{len(server.asked)} {server.highest}\n")
            sys.stdout.flush()


def question(number: int) -> Question:
    """With a sheet."""
    plain = numbered(number)
    return replace(plain, parts=(*plain.parts, SHEET))


def measure(name: str, *, questions: int, most: int) -> Row:
    """Ask so many questions with at most so many in flight."""

    async def run(url: str) -> float:
        retries = Retries(attempts=20, base_s=0.25, cap_s=2.0)
        async with endpoint_to(url, flight=Flight(most), retries=retries, timeout_s=30.0) as endpoint:
            await endpoint.ask(question(0))  # as a probe does: the client is imported and opened
            begin = perf_counter()
            answers = await ask_all(endpoint, map(question, range(questions)))
            took = perf_counter() - begin
        assert all(answer.outcome == "ok" for answer in answers)
        return took

    command = [sys.executable, "-m", "benchmarks.throughput", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        seconds = asyncio.run(run(server.stdout.readline().strip()))
        server.stdin.write("\n")
        server.stdin.flush()
        calls, highest = map(int, server.stdout.readline().split())
        server.stdin.close()
    return Row(name, questions, calls - 1, seconds, questions / ALLOWED * LATENCY_S, highest)


def report(rows: Sequence[Row]) -> str:
    """A table."""
    lines = [f"{'asked by':<28}{'questions':>10}{'calls':>8}{'seconds':>9}{'ideal':>8}{'share':>8}{'at once':>9}"]
    lines += [
        f"{row.name:<28}{row.questions:>10}{row.calls:>8}{row.seconds:>9.2f}{row.ideal_seconds:>8.2f}{row.share:>8.3f}"
        f"{row.highest:>9}"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print and write the figures; 1 when one way is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=640)
    parser.add_argument("--out", type=Path, default=Path("build/throughput.json"))
    parser.add_argument("--serve", action="store_true", help="be the server: a process of its own")
    told = parser.parse_args(arguments)
    if told.serve:
        serve_here()
        return 0
    rows = [
        measure("one who knows the limit", questions=told.questions, most=ALLOWED),
        measure("one who finds it out", questions=told.questions, most=2 * ALLOWED),
    ]
    told.out.parent.mkdir(parents=True, exist_ok=True)
    figures = [{**asdict(row), "share": row.share} for row in rows]
    told.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(report(rows))
    return int(min(row.share for row in rows) < LEAST)


if __name__ == "__main__":
    sys.exit(main())
