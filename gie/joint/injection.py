"""What is injected into one joint attention layer, and read there; and the concept's text on its way from block to block.

In joint attention a text changes in every block, because it reads the image. So K* and V* are made anew in each block of each forward,
of a text that goes through the model beside the prompt's, reads the image, and is read by nobody but through W.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor

from gie.injection import ConceptInLayer, Injection
from gie.joint.attention import joint_inhibitor, joint_means, read_image
from gie.joint.blocks import Heads, Rotate, Text, Way


@dataclass(eq=False)
class Stream:
    """What goes beside one forward of one block's concepts, from layer to layer."""

    transformer: Any
    """The model, whose `context_embedder` makes of a text encoder's states those of its first block."""
    temb: Float[Tensor, "rows width"] | None = None
    """What the running forward modulates its blocks with."""
    states: dict[int, Float[Tensor, "images slots width"]] = field(default_factory=dict[int, Tensor])
    """By the concept's place in the block, as the last layer left it."""
    slots: int = 0
    """How many tokens of the running forward are the prompt's."""

    def begin(self, temb: Float[Tensor, "rows width"] | None) -> None:
        """A new forward; None: there is none."""
        self.temb = temb
        self.states.clear()

    def state(self, index: int, concept: ConceptInLayer, *, like: Float[Tensor, "images width"]) -> Tensor:
        """The concept's state before this layer, with a row for each image."""
        if index not in self.states:
            self.states[index] = self.transformer.context_embedder(concept.text.embedding.to(like)).expand(
                len(like), -1, -1
            )
        return self.states[index]


@dataclass(eq=False, kw_only=True)
class JointInjection(Injection):
    """One block's part in one joint attention layer."""

    attention: ClassVar[str] = "joint attention"

    way: Way
    stream: Stream
    last: bool
    """Whether no layer comes behind it."""

    def apply(self, query: Heads, key: Heads, value: Heads, *, out: Heads, rotate: Rotate) -> None:
        """Act on the conditional rows of `out`, the image's; query, key and value are the image's too."""
        if not self.takes_part():
            return
        (rows,) = self.parts
        assert self.stream.temb is not None
        temb, image = self.stream.temb[rows], (query[rows], key[rows], value[rows])
        for index, concept in self._each:
            if self._is_read(concept) or self._is_injected(concept):
                text = self.way.enter(self.stream.state(index, concept, like=temb), temb, rotate)
                self._act(concept, text, image, out[rows])
                if not self.last:
                    attended = read_image(text.query, image[1:], text=(text.key, text.value))
                    self.stream.states[index] = self.way.leave(text, attended.transpose(1, 2).flatten(2))

    def _act(self, concept: ConceptInLayer, text: Text, image: tuple[Heads, Heads, Heads], out: Heads) -> None:
        query, key, _ = image
        if self._is_read(concept):
            concept.keep(joint_means(query, key, text.key, read=concept.slots_read))
        if self._is_injected(concept):
            assert concept.weights is not None
            W = concept.weights.to(query.device)
            out.add_(joint_inhibitor(query, key, text=(text.key, text.value), W=W))

    def _is_read(self, concept: ConceptInLayer) -> bool:
        return self.mode == "read" and concept.reading

    def _is_injected(self, concept: ConceptInLayer) -> bool:
        return concept.active and concept.weights is not None
