"""The shortest road over HTTP: one question, one POST, no retry; for tests of what is said, not of how it travels."""

import asyncio
import json
import urllib.request
from dataclasses import dataclass, field

from labeling.asking import Answer, Question
from tests.support.askers import to_part


@dataclass
class PlainHttp:
    """An `Asker`."""

    base_url: str
    model: str
    questions: list[Question] = field(default_factory=list[Question])

    async def ask(self, question: Question) -> Answer:
        """Post it, and take the answer as it comes."""
        self.questions.append(question)
        return await asyncio.to_thread(self._post, question)

    def _post(self, question: Question) -> Answer:
        messages = [
            {"role": "system", "content": question.system},
            {"role": "user", "content": [to_part(part) for part in question.parts]},
        ]
        body = json.dumps({"model": self.model, "messages": messages, "max_tokens": question.max_tokens}).encode()
        request = urllib.request.Request(  # noqa: S310 - a server on this machine
            f"{self.base_url}/chat/completions", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310 - a server on this machine
            raw = reply.read().decode()
        text = json.loads(raw)["choices"][0]["message"]["content"]
        return Answer("ok", json.loads(text), text, raw=raw, model=self.model)
