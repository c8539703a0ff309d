"""Where networks run that look at pictures."""


def looking_device(name: str) -> str:
    """`auto` is cuda where it is, else the cpu; or torch's own name of one."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
