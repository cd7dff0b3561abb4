"""One sentence for an error of any class."""

from __future__ import annotations

__all__ = ["named_reason", "reason", "uncapitalised"]

# Classes whose sentences need no class beside them; of others the class is half of what they say.
SPEAKING = (ValueError, TypeError, RuntimeError, OverflowError, ImportError)


def reason(error: BaseException) -> str:
    """The sentence of an error in a line, with its class where the sentence alone says little."""
    said = " ".join(str(error).split())
    name = type(error).__name__
    if isinstance(error, OSError):
        return uncapitalised(" ".join((error.strerror or said).split()) or name)
    if type(error).__module__.startswith("shapcpp") or isinstance(error, SPEAKING):
        return said or name
    if isinstance(error, MemoryError):
        return f"not enough memory{f' ({said})' if said else ''}"
    return f"{name}: {said}".rstrip(": ")


def named_reason(error: BaseException) -> str:
    """The sentence of an error with its class, even where the sentence alone would do."""
    name, said = type(error).__name__, reason(error)
    return said if said.startswith(name) else f"{name}: {said}"


def uncapitalised(sentence: str) -> str:
    """The sentence with a small first letter, unless it begins with a name such as TMPDIR."""
    first = sentence.split(" ", 1)[0]
    return sentence[:1].lower() + sentence[1:] if first[1:].islower() else sentence
