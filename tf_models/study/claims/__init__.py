"""The claims of the text, C01 to C50, as rows of values. None holds a verdict: see `tf_models.study.judging`."""

from tf_models.errors import LabError
from tf_models.study.claims.base import Claim, Evidence, Part
from tf_models.study.claims.ffn import FFN_CLAIMS
from tf_models.study.claims.similarities import SIMILARITY_CLAIMS

CLAIMS: tuple[Claim, ...] = (*SIMILARITY_CLAIMS, *FFN_CLAIMS)

__all__ = ["CLAIMS", "Claim", "Evidence", "Part", "find"]


def find(key: str) -> Claim:
    """The claim of that id; refuses an unknown one with the list."""
    found = {row.id: row for row in CLAIMS}
    if key not in found:
        raise LabError("unknown_claim", value=key, choices=", ".join(found))
    return found[key]
