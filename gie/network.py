"""Several small networks of one shape, run side by side: the adapter's mean of them errs less than each of them.

Networks that start from different weights agree where the training prompts say something and differ where they do not, so their mean is
steadier there (deep ensembles, Lakshminarayanan et al. 2017). One member is the paper's MLP.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Members(nn.Module):
    """`members` networks of linear layers with ReLU between, each with first weights of its own."""

    def __init__(self, widths: list[int], members: int) -> None:
        super().__init__()
        networks = [[nn.Linear(before, after) for before, after in pairwise(widths)] for _ in range(members)]
        layers = list(zip(*networks, strict=True))
        self.weights = nn.ParameterList(torch.stack([each.weight.detach().T for each in layer]) for layer in layers)
        """Each `[members, before, after]`."""
        self.biases = nn.ParameterList(torch.stack([each.bias.detach()[None] for each in layer]) for layer in layers)
        """Each `[members, 1, after]`."""

    def forward(self, inputs: Float[Tensor, "... rows inputs"]) -> Float[Tensor, "members rows"]:
        """The output of each member, from the same rows for all, or from `[members, rows, inputs]`."""
        hidden = inputs.expand(len(self.weights[0]), *inputs.shape[-2:])
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden.relu() if index else hidden, weight)
        return hidden.squeeze(-1)
