"""Logging to MLflow while a sweep runs, in the background."""

import threading
from pathlib import Path

from gatebench.core.errors import shorten
from gatebench.records import mlflow, study_file
from gatebench.records.store import Store

FOLLOW_EVERY = 2.0
"""Seconds between two rounds of logging while a sweep runs."""


class Follower(threading.Thread):
    """Logs the trials of a study as they are finished, until it is over; in the background, in one process for all workers.

    What ails the store is kept in ``trouble``; the next round tries again.
    """

    def __init__(self, results: Path, study: str, uri: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.results, self.study, self.uri, self.over = results, study, uri, over
        self._store = Store(results)  # one for all rounds: it reads published records once
        self.trouble: str | None = None
        self.logged = 0
        self._done: set[str] = set()
        self._known = mlflow.Known()

    def run(self) -> None:
        """Rounds, the last one when the study is over."""
        last = False
        while not last:
            last = self.over.wait(FOLLOW_EVERY)
            try:
                new = self._finished() - self._done
                if new:
                    mlflow.publish(self.results, sorted(new), self.uri, self._count, self._known)
                    self._done |= new
                if last and self._done:
                    mlflow.remove_doubles(self.results, sorted(self._done), self.uri)
                self.trouble = None
            except Exception as error:  # MLflow is a view: whatever ails it, the trials are finished
                self.trouble = shorten(error)

    def _finished(self) -> set[str]:
        return self._store.finished() & set(study_file.keys(study_file.read(self.results, self.study)))

    def _count(self) -> None:
        self.logged += 1
