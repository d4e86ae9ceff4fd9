"""Texts as features: how long they are, and which words they hold, by hashing.

A hash needs no vocabulary, so nothing is learned, a new word is no surprise, and one row is encoded as a million are. The price is that
words may share a column; more buckets make that rarer.

Source:
    Weinberger, Dasgupta, Langford, Smola & Attenberg (2009), Feature hashing for large scale multitask learning, ICML; by
    scikit-learn's HashingVectorizer (MurmurHash3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from upshot.components.features._columns import raw
from upshot.components.features.categorical import texts
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Roles, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TextPart = Literal["length", "words", "digits", "hashes"]
Tokens = Literal["words", "characters", "whole"]


class TextParams(Params):
    """Columns of text, or of categories with very many values."""

    columns: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = Field(description="Columns to use.")
    parts: Annotated[tuple[TextPart, ...], Field(strict=False, min_length=1)] = Field(
        ("length", "words", "hashes"),
        description="length: characters; words: how many; digits: share of the characters that are digits; hashes: counts of tokens by bucket.",
    )
    tokens: Tokens = Field(
        "words",
        description="What is hashed: words; characters (runs of them within words, for misspelt and joined words); whole: the text as one token, for categories.",
    )
    ngrams: Annotated[tuple[int, int], Field(strict=False)] = Field(
        (1, 1), description="Shortest and longest run of tokens that is hashed, such as [1, 2] for words and pairs, [3, 5] for characters."
    )
    buckets: int = Field(32, ge=2, le=4_096, description="Columns that tokens are hashed into, for each text column.")
    lowercase: bool = Field(True, description="Whether Upper and upper are one token.")

    @model_validator(mode="after")
    def _runs_are_runs(self) -> TextParams:
        if not 1 <= self.ngrams[0] <= self.ngrams[1] <= 10:
            raise ValueError(f"ngrams must be two numbers from 1 to 10, the shorter first; got {list(self.ngrams)}")
        return self


class Text:
    """float64 columns `<column>_length`, `<column>_words`, `<column>_digits`, `<column>_hash_<bucket>`; null counts as an empty text.

    Nothing is learned.
    """

    spec: Spec
    needs_history = False

    def __init__(self, params: TextParams) -> None:
        self.params = params

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads."""
        return self.params.columns

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn nothing."""

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The parts of each text, index 0..n-1.

        Raises:
            DataError: A column holds fractions or times.
        """
        import pandas as pd

        frame: dict[str, np.ndarray] = {}
        for name in self.params.columns:
            column = texts(raw(cases, name), name).fillna("").astype(object)
            for part in self.params.parts:
                frame |= self._hashes(name, column) if part == "hashes" else {f"{name}_{part}": _MEASURES[part](column)}
        return pd.DataFrame(frame, index=pd.RangeIndex(cases.size))

    def state(self) -> Mapping[str, bytes]:
        """Nothing was learned."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """There is nothing to take back."""

    def _hashes(self, name: str, column: pd.Series) -> dict[str, np.ndarray]:
        from sklearn.feature_extraction.text import HashingVectorizer

        p = self.params
        analyzer: Any = {"words": "word", "characters": "char_wb", "whole": _whole(p.lowercase)}[p.tokens]
        vectorizer = HashingVectorizer(
            analyzer=analyzer,
            n_features=p.buckets,
            ngram_range=p.ngrams,
            lowercase=p.lowercase,
            norm=None,
            alternate_sign=False,
            token_pattern=r"(?u)\b\w+\b",
        )
        counts = vectorizer.transform(column).toarray().astype(float) if len(column) else _no_rows(p.buckets)
        width = len(str(p.buckets - 1))
        return {f"{name}_hash_{bucket:0{width}}": counts[:, bucket] for bucket in range(p.buckets)}


def _whole(lowercase: bool) -> Callable[[str], list[str]]:
    """The text as its only token; an empty one has none."""
    return lambda text: [text.lower() if lowercase else text] if text else []


def _no_rows(buckets: int) -> np.ndarray:
    import numpy as np

    return np.zeros((0, buckets))


def _length(column: pd.Series) -> np.ndarray:
    length: np.ndarray = column.str.len().to_numpy(dtype=float)
    return length


def _words(column: pd.Series) -> np.ndarray:
    words: np.ndarray = column.str.count(r"\w+").to_numpy(dtype=float)
    return words


def _digits(column: pd.Series) -> np.ndarray:
    import numpy as np

    digits: np.ndarray = column.str.count(r"\d").to_numpy(dtype=float)
    share: np.ndarray = np.divide(digits, _length(column), out=np.zeros(len(column)), where=digits > 0)
    return share


_MEASURES: Mapping[str, Callable[[pd.Series], np.ndarray]] = {"length": _length, "words": _words, "digits": _digits}
