"""The files and batches of a scripted server: a batch asks the server's script, one line after the other."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.scripted_server import Asked, Reply, Script, problem


@dataclass
class ScriptedBatches:
    """A `tests.support.scripted_server.Store`."""

    script: Script
    polls: int = 2
    """How often a batch is looked at before it is over."""
    ends: str = "completed"
    """How batches end: `completed`, or `expired` with half of the lines done, or `failed` with none."""
    lose_create: bool = False
    """The first batch is created, and the answer to it is lost."""
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    batches: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    handed_in: list[bytes] = field(default_factory=list[bytes])
    """The files that batches were made of."""
    looks: int = 0

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """Upload, create, list, fetch."""
        path = path.removeprefix("/v1").partition("?")[0]
        if (method, path) == ("POST", "/files"):
            return Reply({"id": self._store(_uploaded(body)), "object": "file"})
        if (method, path) == ("POST", "/batches"):
            return self._create(json.loads(body))
        if (method, path) == ("GET", "/batches"):
            self.looks += 1
            return Reply({"object": "list", "has_more": False, "data": [self._look(one) for one in self.batches]})
        if method == "GET" and path.endswith("/content"):
            return Reply(self.files[path.split("/")[2]])
        return problem(404, f"nothing at {path}")

    def _create(self, told: dict[str, Any]) -> Reply:
        handed_in = self.files[told["input_file_id"]]
        self.handed_in.append(handed_in)
        batch = {"id": f"batch-{len(self.batches)}", "object": "batch", "created_at": 0, "status": "in_progress"}
        self.batches.append(batch | told | {"looks": 0})
        lost, self.lose_create = self.lose_create, False
        return Reply(batch | told, lost="whole" if lost else "")

    def _look(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch["looks"] += 1
        if batch["looks"] > self.polls and batch["status"] == "in_progress":
            self._finish(batch)
        return batch

    def _finish(self, batch: dict[str, Any]) -> None:
        batch["status"] = self.ends
        if self.ends == "failed":
            batch["errors"] = {"object": "list", "data": [{"message": "Enqueued token limit reached"}]}
            return
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        done = lines[: len(lines) // 2] if self.ends == "expired" else lines
        good, bad = [], []
        for number, line in enumerate(done):
            reply = self.script(Asked(line["body"], {}, number, 0, 1))
            response = {"status_code": reply.status, "request_id": "r", "body": reply.content}
            answered = {"id": "x", "custom_id": line["custom_id"], "response": response, "error": None}
            (good if reply.status == 200 else bad).append(answered)
        for line in lines[len(done) :]:
            error = {"code": "batch_expired", "message": "This request could not be executed before it expired"}
            bad.append({"id": "x", "custom_id": line["custom_id"], "response": None, "error": error})
        for name, part in (("output_file_id", good), ("error_file_id", bad)):
            batch[name] = self._store("\n".join(map(json.dumps, part)).encode()) if part else None

    def _store(self, content: bytes) -> str:
        name = f"file-{len(self.files)}"
        self.files[name] = content
        return name


def _uploaded(body: bytes) -> bytes:
    """The file in a form."""
    boundary = body.split(b"\r\n", 1)[0]
    parts = [part for part in body.split(boundary) if b"filename=" in part]
    return parts[0].split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
