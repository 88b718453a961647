"""How big a test is: small enough for every push, or, with THOROUGH=1, as big as the figure it stands for."""

import os

THOROUGH = os.environ.get("THOROUGH") == "1"


def size(usual: int, thorough: int) -> int:
    """`usual`, or `thorough` where THOROUGH=1."""
    return thorough if THOROUGH else usual
