"""What is timed, and how the contenders of one case are made."""

from abc import ABC, abstractmethod


class Contender(ABC):
    """One library at one setting, ready to do the work of one case again and again.

    The constructor imports the library: an ImportError makes the contender a missing one, which
    the table names. Several settings of one library share its ``name``; the best of them counts.
    """

    name: str
    setting: str = ""

    @property
    def label(self):
        return f"{self.name}, {self.setting}" if self.setting else self.name

    def prepare(self):
        """Go back to the start, so that every round does the same work; not timed."""
        return

    @abstractmethod
    def run(self, count):
        """Do ``count`` pieces of the work and return how many units (steps, calls …) they hold."""


class Missing:
    """A contender that cannot be made here, and why."""

    def __init__(self, label, reason):
        self.label, self.reason = label, reason


def construct(factories, wanted=()):
    """Call the factories, a dict of label → factory, and part what they made from the missing.

    ``wanted`` are beginnings of labels; where given, no others are made.
    """
    made, missing = [], []
    for label, factory in factories.items():
        if wanted and not label.startswith(tuple(wanted)):
            continue
        try:
            made.append(factory())
        except ImportError as error:
            missing.append(Missing(label, str(error)))
    return made, missing
