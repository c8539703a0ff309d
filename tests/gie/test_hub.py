"""Adapters over HTTP to a hub and back, through the real client: bit for bit, once, and every failure in one line."""

from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard

from gie.adapter import Adapter
from gie.errors import InputError, OutsideError
from gie.hub import hub_errors, is_repo_id
from tests.gie.test_adapter import make_adapter
from tests.support.hub_server import DROP, TOKEN, Hub

REPO = "someone/cat"


def same(one: Adapter, other: Adapter) -> bool:
    """Config and every bit of the weights."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return one.config == other.config and all(torch.equal(a, b) for a, b in pairs)


def test_round_trip_is_bit_identical(hub: Hub) -> None:
    """What was pushed comes back, as one commit with three files."""
    adapter = make_adapter()
    assert adapter.push_to_hub(REPO) == f"{hub.url}/{REPO}"
    assert same(Adapter.from_pretrained(REPO), adapter)
    assert hub.count("POST", "/commit/") == 1
    assert set(hub.head(REPO).files) == {".gitattributes", "README.md", "config.json", "model.safetensors"}


def test_same_content_is_no_new_commit(hub: Hub) -> None:
    """Pushed twice, the repository has the commit of the first time; another adapter makes another."""
    make_adapter().push_to_hub(REPO)
    first = hub.head(REPO).sha
    make_adapter().push_to_hub(REPO)
    assert (hub.head(REPO).sha, hub.count("POST", "/commit/")) == (first, 1)
    make_adapter(concept="dog").push_to_hub(REPO)
    assert hub.head(REPO).parent == first


def test_the_plain_card_is_valid(hub: Hub) -> None:
    """huggingface_hub reads the metadata, and a base model that is a repository is named."""
    make_adapter(base_model="CompVis/stable-diffusion-v1-4").push_to_hub(REPO)
    card = ModelCard(hub.head(REPO).files["README.md"].decode())
    card.validate()
    assert card.data.to_dict()["base_model"] == "CompVis/stable-diffusion-v1-4"
    assert card.data.to_dict()["base_model_relation"] == "adapter"
    assert 'Adapter.from_pretrained("someone/cat")' in card.content


def test_the_card_s_call_has_the_length_of_the_text(hub: Hub) -> None:
    """Where the caller chooses it, as in FLUX; elsewhere the pipeline would refuse the word."""
    sampling = make_adapter().config.sampling
    make_adapter(sampling=sampling.model_copy(update={"max_sequence_length": 256})).push_to_hub(REPO)
    assert "guidance_scale=5, max_sequence_length=256).images" in hub.head(REPO).files["README.md"].decode()
    make_adapter().push_to_hub(REPO)
    assert "guidance_scale=5).images" in hub.head(REPO).files["README.md"].decode()


def test_a_base_model_that_is_a_folder_is_not_claimed(hub: Hub) -> None:
    """The hub refuses a card whose base model is no repository."""
    make_adapter(base_model="data/models/emoji-sd").push_to_hub(REPO)
    assert "base_model" not in ModelCard(hub.head(REPO).files["README.md"].decode()).data.to_dict()


def test_revision_is_a_commit(hub: Hub) -> None:
    """An older commit gives the older adapter, a branch that is not there one line."""
    make_adapter().push_to_hub(REPO)
    first = hub.head(REPO).sha
    make_adapter(concept="dog").push_to_hub(REPO)
    assert Adapter.from_pretrained(REPO, revision=first).concept == "cat"
    assert Adapter.from_pretrained(REPO).concept == "dog"
    with pytest.raises(InputError, match="expected a branch, a tag or a commit, got 'v9'"):
        Adapter.from_pretrained(REPO, revision="v9")


def test_a_pull_request_leaves_main_alone(hub: Hub) -> None:
    """Its files are at its own revision."""
    make_adapter().push_to_hub(REPO)
    before = hub.head(REPO).sha
    assert make_adapter(concept="dog").push_to_hub(REPO, create_pr=True) == f"{hub.url}/{REPO}/discussions/1"
    assert hub.head(REPO).sha == before
    assert Adapter.from_pretrained(REPO, revision="refs/pr/1").concept == "dog"


def test_what_was_fetched_once_is_there_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the network, and without asking; what was never fetched is one line."""
    adapter = make_adapter()
    adapter.push_to_hub(REPO)
    Adapter.from_pretrained(REPO)
    asked = len(hub.requests)
    assert same(Adapter.from_pretrained(REPO, local_files_only=True), adapter)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert same(Adapter.from_pretrained(REPO), adapter)
    assert len(hub.requests) == asked
    with pytest.raises(OutsideError, match="someone/dog: expected the hub or a cached copy, got neither"):
        Adapter.from_pretrained("someone/dog")


def test_unchanged_weights_are_downloaded_once(hub: Hub) -> None:
    """The second time only the commit is asked for."""
    make_adapter().push_to_hub(REPO)
    for _ in range(2):
        Adapter.from_pretrained(REPO)
    assert hub.count("GET", "/resolve/") == 2  # config and weights


def test_a_private_repository_needs_the_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made private, and who has no token does not see it."""
    make_adapter().push_to_hub(REPO, private=True)
    assert hub.repository(REPO).private
    with monkeypatch.context() as patch:
        patch.delenv("HF_TOKEN")
        with pytest.raises(InputError, match="that you may see, got someone/cat"):
            Adapter.from_pretrained(REPO)
    assert Adapter.from_pretrained(REPO).concept == "cat"


@pytest.mark.parametrize(
    ("method", "part", "status", "error", "said"),
    [
        ("POST", "/repos/create", 401, InputError, "expected a login that may do this, got 401"),
        ("POST", "/commit/", 403, InputError, "expected a login that may do this, got 403"),
        ("POST", "/commit/", 409, OutsideError, "expected nobody else to write at once"),
        ("POST", "/commit/", 500, OutsideError, r"expected the hub to answer, got 500 \(as the test wished\)"),
        ("POST", "/commit/", DROP, OutsideError, "expected the hub to answer, got RemoteProtocolError"),
        ("POST", "/preupload/", 404, OutsideError, "expected the hub to answer, got 404"),
        ("PUT", "/lfs-upload/", 500, OutsideError, "expected the hub to answer, got 500"),
    ],
)
def test_a_failure_is_one_line_without_the_token(
    hub: Hub, method: str, part: str, status: int, error: type[Exception], said: str
) -> None:
    """Who is to blame is in the type; nothing was committed; and the same call again ends well."""
    hub.fail(method, part, status, times=6)
    with pytest.raises(error, match=said) as caught:
        make_adapter().push_to_hub(REPO)
    assert TOKEN not in str(caught.value)
    hub.faults.clear()
    make_adapter().push_to_hub(REPO)
    assert same(Adapter.from_pretrained(REPO), make_adapter())


@pytest.mark.parametrize("status", [429, 500, 503, DROP])
@pytest.mark.parametrize(("method", "part"), [("POST", "/preupload/"), ("PUT", "/lfs-upload/")])
def test_a_passing_failure_is_not_noticed(hub: Hub, method: str, part: str, status: int) -> None:
    """The client asks again, and one commit is made."""
    hub.fail(method, part, status, times=2, headers={"Retry-After": "1"})
    make_adapter().push_to_hub(REPO)
    assert same(Adapter.from_pretrained(REPO), make_adapter())
    assert hub.count("POST", "/commit/") == 1


def test_a_half_failed_upload_is_finished(hub: Hub) -> None:
    """Weights that were uploaded before the commit failed are not sent again."""
    hub.fail("POST", "/commit/", 500)
    with pytest.raises(OutsideError):
        make_adapter().push_to_hub(REPO)
    make_adapter().push_to_hub(REPO)
    assert hub.count("PUT", "/lfs-upload/") == 1
    assert same(Adapter.from_pretrained(REPO), make_adapter())


def test_a_commit_whose_answer_was_lost_is_not_made_twice(hub: Hub) -> None:
    """The hub took it, the connection dropped: running again finds the files there."""
    hub.fail("POST", "/commit/", DROP, done=True)
    with pytest.raises(OutsideError):
        make_adapter().push_to_hub(REPO)
    head = hub.head(REPO).sha
    make_adapter().push_to_hub(REPO)
    assert hub.head(REPO).sha == head


def test_a_truncated_download_is_not_kept(hub: Hub) -> None:
    """Weights whose download fails leave no half file in the cache that a later call would take."""
    make_adapter().push_to_hub(REPO)
    hub.fail("GET", "/model.safetensors", DROP, times=20)
    with pytest.raises(OutsideError):
        Adapter.from_pretrained(REPO)
    hub.faults.clear()
    assert same(Adapter.from_pretrained(REPO), make_adapter())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("user/name", True), ("folder", False), ("data/adapters/cat", False), ("./cat", False), ("us er/cat", False)],
)
def test_a_repository_is_told_from_a_folder_by_its_form(name: str, *, expected: bool) -> None:
    """One slash, the hub's letters, and no such folder here."""
    assert is_repo_id(name) == expected


def test_a_folder_goes_before_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`adapters/cat` that is here is never looked for on the hub, and has no revision."""
    monkeypatch.chdir(tmp_path)
    make_adapter().save_pretrained("adapters/cat")
    assert same(Adapter.from_pretrained("adapters/cat"), make_adapter())
    with pytest.raises(InputError, match="expected revision=None for a folder"):
        Adapter.from_pretrained("adapters/cat", revision="main")


def test_a_name_that_no_repository_can_have_is_said(hub: Hub) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError, match="expected a repository as user/name"):
        make_adapter().push_to_hub("some one/cat")
    assert not hub.requests


def test_a_transfer_that_gives_no_reason_is_one_line_too() -> None:
    """The Xet library says no more than RuntimeError; what is no transfer's keeps its own type."""
    with pytest.raises(OutsideError, match="expected the hub to answer, got RuntimeError: CAS"), hub_errors(REPO, None):
        raise RuntimeError("CAS")
    with pytest.raises(KeyError), hub_errors(REPO, None):
        raise KeyError
