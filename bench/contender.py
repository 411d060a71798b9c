"""What is timed."""

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

    def answer(self):
        """Return what the work comes to, a number or an array, or None; not timed.

        All contenders of a case must come to the same.
        """
        return None

    def finish(self):
        """Undo what would change the turn of another one (numbers of threads); not timed."""
        return
