"""One model behind an OpenAI-compatible endpoint: a question goes in, an answer or the reason for none comes out.

The road of a question: written once, a place in flight, money set aside, one request, the reply read, money settled; on a failure that
may pass, again. `openai`'s client carries it, with its own retries off; its exceptions are read, never passed on, for they hold the
request with its key.
"""

import asyncio
import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from labeling.asking import Answer, Question
from labeling.endpoint.budget import Budget, Reservation
from labeling.endpoint.failing import Failure, read_error
from labeling.endpoint.flight import Flight
from labeling.endpoint.prices import Prices
from labeling.endpoint.progress import Progress
from labeling.endpoint.reply import answers_as, read_reply
from labeling.endpoint.request import Dialect, write_request
from labeling.endpoint.retrying import Retries
from labeling.endpoint.scrubbing import scrub
from labeling.errors import LabelingError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

NO_KEY = "no-key"
"""What servers get that want none: the client insists on a key."""
THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Address:
    """Which model, and where."""

    base_url: str
    """With the `/v1`."""
    model: str
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; "": none is needed. A server on this machine is asked without, too."""
    answers_as: str = ""
    """What replies call the model, where it is not `model` or a dated snapshot of it; "*": anything."""
    timeout_s: float = 120.0
    """For one attempt, from the first byte to the last."""

    @property
    def shown(self) -> str:
        """The URL without user and password."""
        parts = urlsplit(self.base_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    @property
    def is_here(self) -> bool:
        """Whether the server is on this machine: it wants neither key nor money."""
        return urlsplit(self.base_url).hostname in THIS_MACHINE

    def read_key(self) -> str:
        """The key.

        Raises:
            LabelingError: there is none, and the endpoint is on another machine.
        """
        if key := os.environ.get(self.key_variable, "").strip():
            return key
        if self.key_variable and not self.is_here:
            raise LabelingError(f"expected the key for {self.shown} in {self.key_variable}, got none; set it")
        return NO_KEY

    def open_client(self) -> "AsyncOpenAI":
        """A client that tries once."""
        from openai import AsyncOpenAI

        return AsyncOpenAI(base_url=self.base_url, api_key=self.read_key(), max_retries=0, timeout=self.timeout_s)


@dataclass
class Endpoint:
    """A `labeling.asking.Asker`; to be used in one event loop, inside `async with`."""

    address: Address
    dialect: Dialect = field(default_factory=Dialect)
    """How questions are written; changed by whoever has probed."""
    flight: Flight = field(default_factory=Flight)
    retries: Retries = field(default_factory=Retries)
    budget: Budget = field(default_factory=Budget)
    prices: Prices = field(default_factory=Prices)
    progress: Progress = field(default_factory=Progress)
    _client: "AsyncOpenAI | None" = None
    _closed: Failure | None = None
    """Why no further question will be answered: a wrong key, an empty account."""
    identity: str = field(init=False)
    """What else was asked for that decides an answer, whatever the endpoint then understands; for `Remembering`."""

    def __post_init__(self) -> None:
        # Written requests hold pictures: enough of them wait that no place in flight is ever empty, and no more.
        self._open_questions = asyncio.Semaphore(2 * self.flight.most)
        self.identity = json.dumps({"detail": self.dialect.detail, "seed": self.dialect.seed})

    @property
    def model(self) -> str:
        """Name of the model that is asked."""
        return self.address.model

    async def __aenter__(self) -> Self:
        """The client is opened with the first question."""
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client:
            await self._client.close()
            self._client = None

    def twin(self) -> "Endpoint":
        """Another one on the same connections, whose dialect can be changed alone; it is closed with this one."""
        self._open()
        return replace(self)

    async def ask(self, question: Question) -> Answer:
        """Ask until there is an answer, or no sense in asking again; see `Asker.ask`.

        Raises:
            LabelingError: there is no key.
        """
        self.progress.asked += 1
        async with self._open_questions:
            answer = await self._ask(question)
        self.progress.note(answer)
        return answer

    async def _ask(self, question: Question) -> Answer:
        body = await asyncio.to_thread(write_request, question, self.model, self.dialect)
        cost, attempt, pause = 0.0, 0, 0.0
        got: Answer | Failure = Failure("")
        while pause is not None:
            await asyncio.sleep(pause)
            got = self._closed or await self.attempt(question, body)
            attempt, cost = attempt + 1, cost + got.cost_usd
            pause = self.retries.pause(attempt, got) if isinstance(got, Failure) else None
        answer = got if isinstance(got, Answer) else Answer(got.outcome, reason=got.reason, raw=got.raw)
        return replace(answer, cost_usd=cost)

    async def attempt(self, question: Question, body: dict[str, Any]) -> Answer | Failure:
        """Ask once, when there is room for it."""
        async with self.flight.call() as began, self.budget.reserve(lambda: self.prices.bound(question)) as reserved:
            if reserved is None:
                return Failure(self._no_room(question), "budget")
            if self._closed:
                return self._closed
            got = await self._send(question, body, reserved)
            self.progress.spent_usd += reserved.cost_usd
            if isinstance(got, Answer):
                self.flight.grow()
            elif got.throttled:
                self.flight.shrink(began, quiet_s=min(got.after_s or 0.0, self.retries.longest_s))
            if isinstance(got, Failure) and got.closed:
                self._closed = replace(got, cost_usd=0.0)
            return replace(got, cost_usd=reserved.cost_usd)

    async def _send(self, question: Question, body: dict[str, Any], reserved: Reservation) -> Answer | Failure:
        reserved.cost_usd = reserved.most_usd  # what is cut off here may have been paid for
        got = await self._carry(body)
        if isinstance(got, Failure):
            reserved.cost_usd = reserved.most_usd if got.billed else 0.0
            return got
        reply = read_reply(got)
        if reply is None:
            return Failure("no chat completion in the reply", again=True, billed=True, raw=json.dumps(got[:2000]))
        reserved.cost_usd = self.prices.cost(question, reply.usage)
        named = reply.answer.model
        if not answers_as(self.model, named, allowed=self.address.answers_as):
            return Failure(f"expected an answer of {self.model}, got one of {named}; set answers_as", raw=got)
        return reply.answer

    async def _carry(self, body: dict[str, Any]) -> str | Failure:
        """The text of a reply with status 200, without key and pictures."""
        from openai import APIError

        client = self._open()
        self.progress.calls += 1
        try:
            async with asyncio.timeout(self.address.timeout_s):
                # As `extra_body` it is sent as it is: the client would spend 2 ms on typed dictionaries.
                create = client.chat.completions.with_raw_response.create
                reply = await create(model=self.model, messages=[], extra_body=body)
        except APIError as error:
            failure = read_error(error)
        except TimeoutError:
            failure = Failure("no answer in time", again=True, billed=True)
        else:
            return scrub(reply.text, client.api_key)
        key = client.api_key
        return replace(failure, reason=scrub(failure.reason, key), raw=scrub(failure.raw, key))

    def _open(self) -> "AsyncOpenAI":
        if self._client is None:
            self._client = self.address.open_client()
        return self._client

    def _no_room(self, question: Question) -> str:
        budget = self.budget
        return (
            f"expected room for ${self.prices.bound(question):.4f} in the budget of ${budget.most_usd or 0:.4f},"
            f" got ${budget.spent_usd:.4f} spent"
        )
