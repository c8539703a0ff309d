"""What the card of any adapter says: its metadata, and the six lines that use it.

`pipeline.hub.card` adds what was measured; `Adapter.push_to_hub` has no more than the adapter's own config.
"""

from typing import Any

from huggingface_hub import ModelCardData

from gie.adapter_config import AdapterConfig
from gie.hub import is_repo_id

TAGS = ("concept-erasure", "diffusers", "gie", "safety", "stable-diffusion")

USE = """\
```python
from diffusers import DiffusionPipeline, {scheduler}
from gie import Adapter, inhibit

pipe = DiffusionPipeline.from_pretrained("{base_model}")
pipe.scheduler = {scheduler}.from_config(pipe.scheduler.config)
with inhibit(pipe, Adapter.from_pretrained("{repo}")):
    image = pipe("{prompt}", num_inference_steps={steps}, guidance_scale={guidance:g}{length}).images[0]
```"""


def metadata(config: AdapterConfig, **more: Any) -> ModelCardData:
    """The YAML of the card; `base_model` only where it is a repository, for the hub refuses anything else."""
    base = {"base_model": config.base_model} if is_repo_id(config.base_model) else {}
    fields: dict[str, Any] = {
        "license": "apache-2.0",
        "library_name": "gie",
        "pipeline_tag": "text-to-image",
        "tags": list(TAGS),
        "base_model_relation": "adapter",
        **base,
        **more,
    }
    return ModelCardData(**fields)


def how_to_use(config: AdapterConfig, repo: str, prompt: str) -> str:
    """Six lines that draw `prompt` without the concept, under the conditions of the training."""
    sampling = config.sampling
    return USE.format(
        base_model=config.base_model,
        repo=repo,
        prompt=prompt,
        scheduler=sampling.scheduler,
        steps=sampling.steps,
        guidance=sampling.guidance,
        length=f", max_sequence_length={length}" if (length := sampling.max_sequence_length) else "",
    )


def plain_card(config: AdapterConfig, repo: str) -> str:
    """The card of an adapter of which no more is known than its config."""
    sampling = config.sampling
    return f"""---
{metadata(config)}
---

# {repo.rpartition("/")[2]}

Keeps **{config.concept}** out of the pictures of `{config.base_model}`: a GIE adapter, which reads from the concept's attention
at the first step how strongly the concept has to be suppressed in this picture.

{how_to_use(config, repo, f"a picture with {config.concept}")}

Trained for {sampling.steps} steps of {sampling.scheduler} with guidance {sampling.guidance:g} at {sampling.width} x {sampling.height}
pixels; elsewhere it warns and uses its best fixed scale. How well it works is not said here: measure it before you rely on it.
"""
