"""`gie label FOLDER`: pictures that somebody else rendered get labels, and a page that can be read and reviewed."""

import csv
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from labeling.judges.human import Pick
from pipeline import label_folder
from pipeline.batching import judge_in_batches
from pipeline.cli import app
from pipeline.parquet import read_rows
from pipeline.review.serve import review_folder
from pipeline.tables import LabelRow, VerdictRow
from tests.support.labelling import TruthfulJudge, opens
from tests.support.project import ROOT
from tests.support.reviewing import browsing, needs_chromium, screenshot
from tests.support.seeing_server import MODEL, seeing_server
from tests.support.sweeps import onset, write_sweeps
from tests.support.whole_road import WritingMind


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> TruthfulJudge:
    """The judge that is opened, whatever the options say."""
    judge = TruthfulJudge()
    monkeypatch.setattr(label_folder, "open_judge", opens(judge))
    return judge


@pytest.fixture
def sweeps(tmp_path: Path) -> Path:
    """Three prompts at four scales."""
    return write_sweeps(tmp_path / "sweeps")


def label(place: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["label", str(place), "--model", "m", *arguments])


@pytest.mark.usefixtures("judge")
def test_a_folder_gets_labels(sweeps: Path) -> None:
    """As CSV and as Parquet, the same; verdicts and page beside them."""
    result = label(sweeps, "--concept", "a disc")
    assert result.exit_code == 0, result.output
    out = sweeps.with_name("sweeps-labels")
    assert {path.name for path in out.iterdir()} == {
        "labels.csv", "labels.parquet", "verdicts.parquet", "asked.json", "report.html"
    }  # fmt: skip
    with (out / "labels.csv").open() as file:
        lines = list(csv.DictReader(file))
    rows = read_rows(out / "labels.parquet", LabelRow)
    assert [(line["prompt_id"], line["outcome"], float(line["scale"])) for line in lines] == [
        (row.prompt_id, row.outcome, row.scale) for row in rows
    ]
    assert [row.scale for row in rows] == [onset(number) for number in range(3)]
    assert len(read_rows(out / "verdicts.parquet", VerdictRow)) == 3
    assert result.stdout.splitlines()[0] == "3 ok"


def test_it_works_without_torch(tmp_path: Path) -> None:
    """Over HTTP, in a process that cannot import what only the `pipeline` extra brings; replayed with the server gone, the same bytes."""
    sweeps = write_sweeps(tmp_path / "sweeps", width=64)
    arguments = ["label", "sweeps", "--concept", "a disc", "--model", MODEL]
    with seeing_server(WritingMind()) as base_url:
        first = bare(tmp_path, *arguments, "--base-url", base_url, "--out", "first")
    assert first.returncode == 0, first.stderr
    again = bare(tmp_path, *arguments, "--base-url", base_url, "--out", "again", "--replay")
    assert again.returncode == 0, again.stderr
    assert [row.scale for row in read_rows(tmp_path / "first" / "labels.parquet", LabelRow)] == [-4.0, -2.0, -4.0]
    for name in ("labels.csv", "labels.parquet", "verdicts.parquet", "report.html"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert sweeps.is_dir()


def bare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the base install and `openai` alone."""
    absent = ("torch", "transformers", "diffusers", "datasets", "jinja2", "scipy", "sklearn", "lightning", "dvc")
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); from pipeline.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.usefixtures("judge")
def test_the_page_needs_nothing_else(sweeps: Path, tmp_path: Path) -> None:
    """Pictures, style and script are inside, and nobody is asked for anything."""
    label(sweeps, "--concept", "a disc", "--out", str(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["token"] == ""
    assert [len(strip["tiles"]) for strip in data["strips"]] == [4, 4, 4]
    assert all(tile["picture"].startswith("data:image/webp") for strip in data["strips"] for tile in strip["tiles"])
    assert "http://" not in page
    assert "https://" not in page


@needs_chromium
@pytest.mark.slow
@pytest.mark.usefixtures("judge")
def test_the_page_is_read_in_a_browser(sweeps: Path, tmp_path: Path) -> None:
    """From the disk, blurred, without a way to pick."""
    label(sweeps, "--concept", "a disc", "--out", str(tmp_path / "out"))
    with browsing(tmp_path) as page:
        page.goto((tmp_path / "out" / "report.html").as_uri())
        assert page.locator("article").count() == 3
        assert page.locator(".others").count() == 0
        assert "blur" in page.locator("img").first.evaluate("node => getComputedStyle(node).filter")
        screenshot(page, "report")
        page.keyboard.press("n")
        assert page.locator(".person").count() == 0
    assert (tmp_path / "console.txt").read_text() == ""


def test_a_second_run_asks_nobody(judge: TruthfulJudge, sweeps: Path) -> None:
    """And writes the very same labels."""
    out = sweeps.with_name("sweeps-labels")
    label(sweeps, "--concept", "a disc")
    first = (out / "labels.parquet").read_bytes()
    label(sweeps, "--concept", "a disc")
    assert len(judge.asked) == 3
    assert (out / "labels.parquet").read_bytes() == first


def test_spent_money_is_a_code_of_its_own(judge: TruthfulJudge, sweeps: Path) -> None:
    """With the labels that were paid for, and a reason for the others."""
    judge.paid_for = 1
    result = label(sweeps, "--concept", "a disc", "--max-cost", "0.01")
    assert result.exit_code == 3
    rows = read_rows(sweeps.with_name("sweeps-labels") / "labels.parquet", LabelRow)
    assert [row.outcome for row in rows].count("unscored") == 2
    assert {row.reason for row in rows if row.outcome == "unscored"} == {"budget: the money is spent"}


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "expected --concept for pictures, got none"),
        (["--concept", "x", "--strategy", "guess"], "gie label.strategy"),
        (["--concept", "x", "--prompts", "nowhere.csv"], "got no file at nowhere.csv"),
    ],
)
def test_mistakes_are_one_line(sweeps: Path, arguments: list[str], said: str) -> None:
    """Exit code 2."""
    result = label(sweeps, *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.splitlines()) == 1


def test_batches_give_the_same_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP, from files of requests; the server is asked nothing but the probe's questions by themselves."""
    monkeypatch.setattr(label_folder, "judge_in_batches", partial(judge_in_batches, poll_s=0.01))
    sweeps = write_sweeps(tmp_path / "sweeps", width=64)
    with seeing_server(WritingMind()) as base_url:
        asked = ("--concept", "a disc", "--model", MODEL, "--base-url", base_url)
        result = label(sweeps, *asked, "--batch", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert [row.scale for row in read_rows(tmp_path / "out" / "labels.parquet", LabelRow)] == [-4.0, -2.0, -4.0]


def test_a_price_that_nobody_knows_is_asked_for(sweeps: Path) -> None:
    """Before anything is sent, with or without a limit; a price that is stated is taken, and then the endpoint is missed."""
    asked = ("--concept", "a disc", "--model", "mystery", "--base-url", "http://elsewhere.invalid/v1")
    for limit in ((), ("--max-cost", "1")):
        result = label(sweeps, *asked, *limit)
        assert result.exit_code == 2
        assert "expected a model with a known price" in result.output
        assert "--price" in result.output
    stated = label(sweeps, *asked, "--max-cost", "1", "--price", "2.5", "10")
    assert "known price" not in stated.output
    assert "OPENAI_API_KEY" in stated.output


@pytest.mark.usefixtures("judge")
def test_what_was_labelled_can_be_reviewed(sweeps: Path) -> None:
    """The review finds pictures and labels again, and a person's pick is there when it is opened anew."""
    label(sweeps, "--concept", "a disc")
    out = sweeps.with_name("sweeps-labels")
    desk = review_folder(out, by="me").desk
    agreed = desk.take("prompt-1", Pick(outcome="ok", scale=-2.0))
    assert agreed["within_one_step"]["value"] == 1.0
    assert review_folder(out, by="me").desk.picks["prompt-1"].by == "me"
