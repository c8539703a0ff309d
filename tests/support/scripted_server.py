"""An OpenAI-compatible server that answers as it is told: with delay, wrongly, half, or not at all.

    with scripted_server(script) as server:
        Address(server.url, "judge-1") ...

A script gets a request and how often the same question came before, and says what happens. `FAULTS` are the ways to fail, each by name:
`PASSING` ones may be asked again, `LASTING` ones are answers, however odd.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

MODEL = "judge-1"
USAGE: Mapping[str, Any] = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    body: dict[str, Any]
    headers: dict[str, str]
    number: int
    """Of all requests, from 0."""
    earlier: int
    """How often the same messages came before."""
    in_flight: int
    """How many requests are being answered, this one included."""

    @property
    def text(self) -> str:
        """What the user said."""
        content = self.body["messages"][-1]["content"]
        return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


@dataclass(frozen=True)
class Reply:
    """What happens to a request."""

    content: Any = None
    """JSON value, or bytes as they are."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay_s: float = 0.0
    lost: Literal["", "whole", "half"] = ""
    """How much of the reply is lost before the connection is closed."""


Script = Callable[[Asked], Reply]


class Store(Protocol):
    """What stands behind all other paths."""

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """Answer one request."""
        ...


def completion(text: str | None, *, finish: str = "stop", refusal: str | None = None, **changed: Any) -> Reply:
    """A chat completion with this text; `changed` replaces fields of the reply, None leaves them out."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    whole = {"id": "c-1", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice]}
    whole |= {"usage": dict(USAGE), **changed}
    return Reply({name: value for name, value in whole.items() if value is not None})


def problem(status: int, message: str, code: str = "", **headers: str) -> Reply:
    """An error as OpenAI writes it."""
    content = {"error": {"message": message, "type": "error", "param": None, "code": code or None}}
    return Reply(content, status, {name.replace("_", "-"): value for name, value in headers.items()})


PASSING: Mapping[str, Callable[[str], Reply]] = {
    "busy": lambda _: problem(429, "Rate limit reached"),
    "busy, wait": lambda _: problem(429, "Rate limit reached", retry_after_ms="5"),
    "broken": lambda _: problem(500, "The server had an error"),
    "slow": lambda right: Reply(completion(right).content, delay_s=1.0),
    "dropped": lambda _: Reply(lost="whole"),
    "cut": lambda right: Reply(completion(right).content, lost="half"),
    "garbled": lambda right: Reply(json.dumps(completion(right).content).encode()[:-9]),
}
LASTING: Mapping[str, Callable[[str], Reply]] = {
    "prose": lambda right: completion(f"Let me look {{closely}}.\n```json\n{right}\n```\nI hope that helps."),
    "quoted": lambda right: completion(f'Some would say {{"scale": 99}}, but I say: {right}'),
    "malformed": lambda right: completion(f'Not {{"scale": 99}} but {right[:-1]},,'),
    "truncated": lambda right: completion(right, finish="length"),
    "refusal": lambda right: completion(right, refusal="I can't assist with that."),
    "excuse": lambda _: completion("I'm sorry, but I can't help with these images."),
    "filtered": lambda right: completion(right, finish="content_filter"),
    "filtered, 400": lambda _: problem(400, "The response was filtered", "content_filter"),
    "other model": lambda right: completion(right, model="another-1"),
    "not counted": lambda right: completion(right, usage=None),
}
FAULTS = {**PASSING, **LASTING}
OUTCOMES: Mapping[str, str] = {
    "prose": "ok", "quoted": "ok", "malformed": "invalid", "truncated": "truncated", "refusal": "refused",
    "excuse": "refused", "filtered": "filtered", "filtered, 400": "filtered", "other model": "transport",
    "not counted": "ok",
}  # fmt: skip
"""Lasting fault -> the outcome that it must have."""


@dataclass
class ScriptedServer:
    """A running server."""

    script: Script
    store: Store | None = None
    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    times: Counter[str] = field(default_factory=Counter[str])
    """Messages of a question -> how often they came."""
    in_flight: int = 0
    highest: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ", 2)
        self.in_flight += 1
        self.highest = max(self.highest, self.in_flight)
        try:
            reply = self._reply(method, path, headers, body)
            await asyncio.sleep(reply.delay_s)
        finally:
            self.in_flight -= 1
        return await _send(writer, reply)

    def _reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if not path.endswith("/chat/completions"):
            return self.store.answer(method, path, body) if self.store else problem(404, "not found")
        value = json.loads(body)
        name = json.dumps(value["messages"])
        asked = Asked(value, headers, len(self.asked), self.times[name], self.in_flight)
        self.times[name] += 1
        self.asked.append(asked)
        return self.script(asked)


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Write a reply; whether the connection goes on."""
    if reply.lost == "whole":
        return False
    content = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} Said\r\n{lines}\r\n".encode())
    writer.write(content[: len(content) // 2] if reply.lost else content)
    await writer.drain()
    return not reply.lost


@contextmanager
def scripted_server(script: Script, store: Store | None = None) -> Generator[ScriptedServer]:
    """Serve on a free port of this machine, in a thread of its own."""
    server = ScriptedServer(script, store)
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20))
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
