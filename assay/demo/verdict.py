"""How the stand-in judges: does an answer hold the facts of the expected one? Numbers first, then words.

It understands no language: a paraphrase without a shared word is called wrong, and a long answer that holds the facts
somewhere is called right. It shows the way that a verdict takes; nobody should rely on it.
"""

from __future__ import annotations

import re

from assay.demo.ranking import words

ENOUGH_WORDS = 0.6  # the share of the expected answer's words that have to be there
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_UNKNOWN = re.compile(r"\b((don't|do not|doesn't|does not|cannot) (know|say|tell)|not? (known|information))\b", re.I)


def verdict(answer: str, expected: str) -> tuple[bool, str]:
    """Whether the answer agrees with the expected one, and the reason in one sentence."""
    if abstains(answer) != abstains(expected):
        said = "says that it does not know" if abstains(answer) else "claims to know"
        return False, f"The answer {said}, the expected one does not."
    if abstains(answer):
        return True, "Both say that the answer is not known."
    wanted, given = _facts(expected), _facts(answer)
    numbers = sorted(word for word in wanted if word[0].isdigit())
    missing_numbers = [number for number in numbers if number not in given]
    if missing_numbers:
        return False, f"The answer lacks {', '.join(missing_numbers)}."
    plain = sorted(wanted - set(numbers))
    missing = [word for word in plain if word not in given]
    if len(missing) > (1 - ENOUGH_WORDS) * len(plain):
        return False, f"The answer lacks most of what was expected: {', '.join(missing)}."
    return True, "The answer holds the numbers and words of the expected one."


def abstains(text: str) -> bool:
    return bool(_UNKNOWN.search(text.replace("\u2019", "'")))


def _facts(text: str) -> set[str]:
    return {str(_NUMBERS.index(word)) if word in _NUMBERS else word for word in words(text)}
