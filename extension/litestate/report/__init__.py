"""What was saved or loaded, what was skipped and why."""

from .model import Line, Report, Section
from .words import count_text, outcome_text, size_text, when_text

__all__ = ["Line", "Report", "Section", "count_text", "outcome_text", "size_text", "when_text"]
