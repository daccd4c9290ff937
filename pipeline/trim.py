"""What a tagged mention has around it that is not the mention: quotes, brackets, spaces."""

from __future__ import annotations

_MARKS = " \t\n\r\u00a0\"'“”„«»‘’()[]{}،,.:;؛-–—…/"


def trim_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without marks around it; a bracket that closes one inside stays. Never empty."""
    left, right = start, end
    while left < right and text[left] in _MARKS:
        left += 1
    while right > left and text[right - 1] in _MARKS:
        if text[right - 1] == ")" and "(" in text[left : right - 1]:
            break
        right -= 1
    return (left, right) if left < right else (start, end)
