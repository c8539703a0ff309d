"""The batch half of an OpenAI-compatible server: files come in, are answered at once, and lie ready; one line of bodies a request."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Complete = Callable[[dict[str, Any]], dict[str, Any]]
"""Body of a request -> chat completion."""


@dataclass
class BatchDesk:
    """Files and batches by id."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    batches: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def upload(self, body: bytes, content_type: str) -> dict[str, Any]:
        """A multipart form with the file."""
        boundary = re.findall(r"boundary=([^;]+)", content_type)[0].strip('"').encode()
        part = next(part for part in body.split(b"--" + boundary) if b"filename=" in part)
        name = f"file-{len(self.files)}"
        self.files[name] = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
        return {
            "id": name, "object": "file", "bytes": len(self.files[name]), "created_at": 0, "filename": "x.jsonl",
            "purpose": "batch", "status": "processed",
        }  # fmt: skip

    def create(self, wish: dict[str, Any], complete: Complete) -> dict[str, Any]:
        """Answer all lines of the file."""
        lines = [json.loads(line) for line in self.files[wish["input_file_id"]].splitlines()]
        answered = [
            {
                "id": f"r{index}",
                "custom_id": line["custom_id"],
                "error": None,
                "response": {"status_code": 200, "request_id": "x", "body": complete(line["body"])},
            }
            for index, line in enumerate(lines)
        ]
        out = f"file-{len(self.files)}"
        self.files[out] = "\n".join(map(json.dumps, answered)).encode()
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {
            **wish, "id": name, "object": "batch", "status": "completed", "created_at": int(time.time()),
            "output_file_id": out, "error_file_id": None, "errors": None,
        }  # fmt: skip
        return self.batches[name]

    def list(self) -> dict[str, Any]:
        """All batches on one page."""
        return {"object": "list", "data": list(self.batches.values()), "has_more": False}
