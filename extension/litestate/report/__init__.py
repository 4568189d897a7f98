"""Reports: what was saved or loaded, what was skipped and why."""

from .lines import Line, Section, count_text, outcome_text, size_text, when_text
from .model import Report, show

__all__ = [
    "Line",
    "Report",
    "Section",
    "count_text",
    "outcome_text",
    "show",
    "size_text",
    "when_text",
]
