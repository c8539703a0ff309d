"""Adapters on the Hub: folders to a repository in one commit, and back; what goes wrong said in a line.

Two small files need no library of their own, and a commit that would change nothing is not made: huggingface_hub compares the
hashes first. A large file that was uploaded stays there, so a half-failed upload is finished by the same call. Tokens are
left to huggingface_hub (`HF_TOKEN`, `hf auth login`) and appear in no message.
"""

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub import CommitOperationAdd, HfApi, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id

from gie.errors import GieError, InputError, OutsideError

Kind = Literal["model", "dataset"]
FROM_THE_HUB = (HTTPError, HFValidationError, EntryNotFoundError, OfflineModeIsEnabled)
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token that may write there"


@dataclass(frozen=True)
class Sent:
    """What became of a folder."""

    repo: str
    """`user/name`."""
    commit: str
    """The commit that holds the files, 40 hex digits."""
    url: str
    """Of the repository, or of the pull request."""
    changed: bool
    """False: the files were there already, and no commit was made."""


def is_repo_id(name: str) -> bool:
    """Whether it has the form `user/name`, and is no folder here."""
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1 and not Path(name).exists()


def fetch(
    repo: str,
    *,
    revision: str | None = None,
    kind: Kind = "model",
    files: list[str] | None = None,
    local_files_only: bool = False,
    token: str | None = None,
) -> Path:
    """The folder, in huggingface_hub's cache, of one commit's files; what is there is not downloaded again.

    Args:
        repo: `user/name`.
        revision: branch, tag, commit or `refs/pr/1`; None: main.
        kind: of the repository.
        files: names or patterns; None: all.
        local_files_only: take the commit that was fetched last, without the network.
        token: None: huggingface_hub's own.

    Raises:
        InputError: no such repository or revision, or no right to read it.
        OutsideError: the hub cannot be reached and the cache lacks a file.
    """
    with hub_errors(repo, revision):
        folder = snapshot_download(
            repo,
            repo_type=kind,
            revision=revision,
            allow_patterns=files,
            local_files_only=local_files_only,
            token=token,
        )
    return Path(folder)


def send(  # noqa: PLR0913 - huggingface_hub's own choices, passed on
    folder: Path,
    repo: str,
    *,
    kind: Kind = "model",
    private: bool = False,
    create_pr: bool = False,
    message: str,
    token: str | None = None,
) -> Sent:
    """Put the files of `folder` into a repository, made when it is not there, as one commit or none.

    Args:
        folder: its files, all of them, keep their names; files that are only in the repository stay.
        repo: `user/name`.
        kind: of the repository.
        private: of a repository that is made now; one that is there stays as it is.
        create_pr: as a pull request against main.
        message: the commit's title.
        token: None: huggingface_hub's own.

    Raises:
        InputError: a name that no repository can have, or no right to write there.
        OutsideError: the hub cannot be reached, or failed; the same call goes on from there.
    """
    api = HfApi(token=token)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    additions = [CommitOperationAdd(path.relative_to(folder).as_posix(), path) for path in files]
    with hub_errors(repo, None), _data_files_are_meant():
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
        before = api.repo_info(repo, repo_type=kind).sha
        commit = api.create_commit(repo, additions, commit_message=message, repo_type=kind, create_pr=create_pr)
    place = f"{api.endpoint}/{'datasets/' if kind == 'dataset' else ''}{repo}"
    return Sent(repo, commit.oid, commit.pr_url or place, commit.oid != before)


@contextmanager
def hub_errors(repo: str, revision: str | None) -> Generator[None]:
    """What huggingface_hub raises, as `InputError` or `OutsideError` that says what to do."""
    try:
        yield
    except FROM_THE_HUB as error:
        raise _translated(error, repo, revision) from error
    except RuntimeError as error:  # a large file's transfer; the reason may be behind it
        raise _translated(error.__cause__ or error, repo, revision) from error


def _translated(error: BaseException, repo: str, revision: str | None) -> GieError:
    match error:
        case HFValidationError():
            return InputError(f"expected a repository as user/name, got {repo!r}: {error}")
        case RevisionNotFoundError():
            return InputError(f"{repo}: expected a branch, a tag or a commit, got {revision!r}, which is not there")
        case RepositoryNotFoundError():
            return InputError(f"expected a repository that you may see, got {repo}, which is not there; or {LOG_IN}")
        case LocalEntryNotFoundError() | OfflineModeIsEnabled():
            return OutsideError(
                f"{repo}: expected the hub or a cached copy, got neither; run again online, without HF_HUB_OFFLINE"
            )
        case HfHubHTTPError():
            return _refused(error, repo)
        case _:
            kind = type(error).__name__
            return OutsideError(
                f"{repo}: expected the hub to answer, got {kind}: {error}; run again to go on from there"
            )


def _refused(error: HfHubHTTPError, repo: str) -> GieError:
    code = error.response.status_code
    if code in {401, 403}:
        return InputError(f"{repo}: expected a login that may do this, got {code}; {LOG_IN}")
    if code in {409, 412}:
        return OutsideError(f"{repo}: expected nobody else to write at once, got a newer commit; run again")
    said = error.server_message or "no reason given"
    return OutsideError(f"{repo}: expected the hub to answer, got {code} ({said}); run again to go on from there")


@contextmanager
def _data_files_are_meant() -> Generator[None]:
    """Without huggingface_hub's doubt whether a Parquet file beside a model is intended."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="It seems that you are about to commit a data file")
        yield
