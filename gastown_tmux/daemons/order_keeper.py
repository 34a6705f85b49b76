"""The deacon's part that begins orders: it looks whose time has come, and each is begun beside its loop."""

import time

from gastown_tmux.daemons.background import BackgroundJobs, log
from gastown_tmux.domain.orders.model import Order
from gastown_tmux.domain.orders.starts import Start
from gastown_tmux.edges.configuration.order_files import OrderFolder
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import order_starts, order_watch

#: Between two looks at the files.
FILES_SECONDS = 1.0


class OrderKeeper:
    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town = town
        self._jobs = jobs
        self._watch = order_watch.Watch(OrderFolder(town.path))
        self._due = 0.0
        self._said: set[str] = set()

    def look(self) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + FILES_SECONDS
        files = self._watch.folder.list()
        problems = {file.problem for file in files if file.problem}
        for problem in sorted(problems - self._said):
            log.warning("%s", problem)
        self._said = problems
        known = {file.id: file.order for file in files if file.order is not None}
        order_starts.close_runs(self._town)
        for start in order_starts.list_left(self._town):
            self._take_up(start, known)
        for order in order_watch.find_due(self._town, self._watch):
            self._begin(order)

    def stop(self) -> None:
        with isolated(self._town, "ending of commands of orders"):
            order_starts.stop_commands(self._town)

    def _begin(self, order: Order) -> None:
        self._jobs.do(f"order {order.id}", lambda town: order_starts.begin(town, order, self._watch))

    def _take_up(self, start: Start, known: dict[str, Order]) -> None:
        self._jobs.do(f"order {start.order}", lambda town: order_starts.take_up(town, start, known))
