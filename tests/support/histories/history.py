"""One history: people start, watch, cancel, retry and undo runs, while processes, calls and sheets fail as drawn."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from unittest.mock import patch

from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.entrypoints import local_worker
from functions.errors import LeadfillError, SheetBusy, StoreError
from functions.jobs import new_job, service
from functions.jobs.request import JobRequest
from functions.jobs.sweep import sweep
from functions.sheet_writes import writer
from functions.sheets import client, tab_reader
from functions.sheets.cells import SheetRow
from functions.store.claims import LIFETIME
from functions.store.job_states import LIVE, JobState
from functions.store.jobs import Job
from functions.task_queue import QueueError
from tests.support.histories.scenario import Act, Scenario
from tests.support.histories.stage import DOWN_S, LATEST_S, FaultySheet, Stage
from tests.support.simulated_run import FIELDS, Fate
from tests.support.simulation import Killed, World

T = TypeVar("T")
CALLERS = tuple(Caller(f"person-{number}", f"person-{number}@example.com", "example.com") for number in range(2))
LONGEST_S = 4 * 86_400.0
"""Simulated seconds after which every run must have ended."""
FIRST_LOOK_S, LAST_LOOK_S = 5.0, 600.0
"""Seconds from one look of a person at their run to the next: who sees nothing new looks less often."""
SELDOM: dict[str, Any] = {"POLL_S": 120.0, "SWEEP_S": 600.0, "BALANCES_S": 86_400.0}
"""As in `local_worker`: one that has nothing to do for hours need not look three times a second."""
PARTS = (
    (tab_reader, "WHOLE_CELLS", 0),
    (tab_reader, "MAX_ROWS", 5),
    (client, "MAX_BYTES", 1_600),
    (writer, "PAGE_ROWS", 5),
)
"""Sizes with which even a small tab is read and written in several parts."""
MAX_STEPS = 100_000
"""A hundred times as many as in most histories: who takes more waits for nothing."""
GONE_S = 1_500.0
"""The longest that a process stands still, or is missed once it is dead: longer than leases, locks and claims last."""


@dataclass(slots=True, kw_only=True)
class History:
    """What happened."""

    scenario: Scenario
    stage: Stage
    context: AppContext
    """Of the people."""
    jobs: list[Job] = field(default_factory=list)
    ceilings: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    """By run, the credits of each provider that a person has confirmed so far."""
    retries: int = 0
    """Times that somebody wanted to try again."""
    in_doubt_retries: int = 0
    """Times that somebody wanted to ask again what may have been paid for."""
    undone: set[str] = field(default_factory=set)
    """Runs that somebody has undone, or has begun to."""
    restarted: bool = False
    """Whether a run was started after an undo, or beside one."""

    @property
    def world(self) -> World:
        """Its time."""
        return self.stage.world

    @property
    def faults(self) -> int:
        """What went wrong, or was changed by people, all in all."""
        deaths = sum(what in ("dies", "freezes") for _, _, what in self.world.history)
        of_providers = sum(provider.faults for provider in self.stage.providers.values())
        return deaths + of_providers + self.stage.faults.total() + len(self.scenario.acts)

    def start(self, number: int) -> None:
        """Somebody reads the plan, and starts the run of this number."""
        caller = CALLERS[0 if self.scenario.twice else number % len(CALLERS)]
        request = JobRequest(
            spreadsheet_id=self.stage.workbook.id,
            range=f"Leads!{self._url_column()}2:{self._url_column()}",
            fields=FIELDS,
            write="all" if self.scenario.overwrite else "empty",
            providers=self.scenario.providers,
            go_on_without=self.scenario.go_on,
        )
        context, key = self.context, f"start-{number}"

        def plan() -> dict[str, Decimal]:
            _, made = service.plan_run(context, request, caller, self.stage.token().text)
            return made.ceilings

        ceiling = self.scenario.ceiling
        most = self._insist(plan) if ceiling is None else dict.fromkeys(self.scenario.providers, Decimal(ceiling))
        if most is None:
            return
        started = self._insist(
            lambda: new_job.start(context, request, caller, max_credits=most, idempotency_key=key, **self._access())
        )
        if started is not None:
            self.restarted |= bool(self.jobs)
            self.jobs.append(started.job)
            self.ceilings[started.job.id] = most

    def start_twice(self) -> None:
        """Somebody starts two runs at once, in two windows."""
        second = self.world.spawn(self.world.person, lambda: self.start(1), "second window")
        self.start(0)
        second.join()

    def act(self, act: Act) -> None:
        """Somebody does something, if it can be done now."""
        job, context, stage = self.jobs[-1], self.context, self.stage
        if act.kind == "another_run":
            self.start(len(self.jobs))
        elif act.kind == "database_down":
            stage.database_back_s = self.world.now_s + DOWN_S
            stage.faults["database down"] += 1
        elif act.kind == "cancel":
            self._insist(lambda: service.cancel(context, job))
        elif act.kind == "undo":
            self.undo(job)
        else:
            self.retry(job, in_doubt=act.kind == "retry_in_doubt")

    def retry(self, job: Job, *, in_doubt: bool) -> None:
        """Somebody opens the rows again that can be."""
        most = dict.fromkeys(self.scenario.providers, Decimal(len(self.scenario.people)))
        key = f"retry-{self.retries}"
        self.retries += 1
        retried = self._insist(
            lambda: service.retry(
                self.context, job, retry_in_doubt=in_doubt, max_credits=most, idempotency_key=key, **self._access()
            )
        )
        if retried is not None:
            self.in_doubt_retries += in_doubt
            self.ceilings[job.id] = dict(retried.job.ceilings)

    def undo(self, job: Job) -> None:
        """Somebody undoes a run."""
        if self._insist(lambda: service.undo(self.context, job, **self._access())) is not None:
            self.undone.add(job.id)

    def wait(self, until_s: float) -> None:
        """People look now and then, and renew what their runs need, until a time."""
        look_s = FIRST_LOOK_S
        while self.world.now_s < until_s:
            self.world.person.sleep(min(look_s, until_s - self.world.now_s))
            look_s = min(1.2 * look_s, LAST_LOOK_S)
            self.look()

    def wait_for_ends(self) -> None:
        """People look now and then until every run has ended."""
        look_s = FIRST_LOOK_S
        while any(job.state in LIVE for job in self.look()):
            if self.world.now_s > LONGEST_S:
                return
            self.world.person.sleep(look_s)
            look_s = min(1.2 * look_s, LAST_LOOK_S)

    def look(self) -> list[Job]:
        """Look at the runs, and renew the access of those that wait for it."""
        for at, job in enumerate(self.jobs):
            if (found := self._insist(lambda job=job: service.reload(self.context, job))) is None:  # type: ignore[misc] # a default argument keeps the value
                continue
            if found.state is JobState.WAITING_FOR_ACCESS:
                renewed = self._insist(
                    lambda job=job: service.renew_access(self.context, job, **self._access())  # type: ignore[misc] # a default argument keeps the value
                )
                found = renewed or found
            self.jobs[at] = found
        return self.jobs

    def let_all_come_to_rest(self) -> None:
        """Who stood still goes on, who is late comes, and the last claim is swept."""
        happened = {what for _, _, what in self.world.history}
        rest_s = LIFETIME.total_seconds() + 60
        if happened & {"freezes", "dies"}:
            rest_s += 2 * GONE_S
        if self.scenario.queue_faults:
            rest_s += LATEST_S
        self.world.person.sleep(rest_s)
        self._insist(lambda: sweep(self.context))
        self.look()

    def _access(self) -> dict[str, Any]:
        """A fresh token; the add-on can tell its end, and some callers do not."""
        token = self.stage.token()
        return {"access_token": token.text, "access_until": token.until if self.world.random.random() < 0.5 else None}

    def _url_column(self) -> str:
        """Where the addresses are by now."""
        titles = [str(cell) for cell in self.stage.living.cells()[0]]
        return chr(ord("A") + titles.index("LinkedIn"))

    def _insist(self, work: Callable[[], T]) -> T | None:
        """Try again what fails for a moment, as people and the sidebar do; None where it is refused."""
        for _ in range(30):
            try:
                return work()
            except (StoreError, SheetBusy, QueueError):
                self.world.person.sleep(5)
            except LeadfillError:
                return None
        return None


def play(scenario: Scenario, once_ended: Callable[[History], None] = lambda _: None) -> History:
    """Let a scenario happen, to its end.

    Args:
        scenario: what is to happen.
        once_ended: called when the runs have ended and nothing was undone at the end yet.

    Raises:
        Exception: a thread of the deployment ended as none may.
    """
    with _drawn_from(scenario.seed), _settings(scenario):
        world = World(scenario.seed, max_freeze_s=GONE_S, max_steps=MAX_STEPS)
        stage = Stage(
            world=world, in_cloud=scenario.in_cloud, sweep_s=SELDOM["SWEEP_S"], max_absence_s=GONE_S, scenario=scenario
        )
        history = History(scenario=scenario, stage=stage, context=stage.context(world.person, stage.wake))
        try:
            _happen(history, once_ended)
        except BaseException:
            with suppress(Exception):
                world.close()
            raise
        world.close()
        stage.is_over = True
        return history


def _happen(history: History, once_ended: Callable[[History], None]) -> None:
    scenario, stage = history.scenario, history.stage
    fates = [
        Fate(dies_in=it.dies_in or float("inf"), freezes_in=it.freezes_in or float("inf")) for it in scenario.fates
    ]
    stage.work(fates)
    with stage.edited():
        if scenario.twice:
            history.start_twice()
        else:
            history.start(0)
        for act in scenario.acts if history.jobs else ():
            history.wait(act.at_s)
            history.act(act)
        history.wait_for_ends()
        with stage.undisturbed():
            once_ended(history)
        if scenario.undo and history.jobs:
            stage.type_into(scenario.typed)
        if scenario.undo and scenario.edits_in_undo:
            _undo_all(history)
    if scenario.undo and not scenario.edits_in_undo:
        _undo_all(history)
    history.let_all_come_to_rest()


def _undo_all(history: History) -> None:
    for job in reversed(history.jobs):
        history.undo(job)
        history.wait_for_ends()


_DELIVER = writer.SheetWriter.deliver


def _deliver(
    self: writer.SheetWriter, task: writer.WriteTask, near: tuple[int, int], looked: list[SheetRow] | None = None
) -> writer.WriteResult:
    """Delivers; where the process dies meanwhile, nobody else can know what was typed in the rows that it has hit."""
    sheet = self.sheet
    assert isinstance(sheet, FaultySheet)
    sheet.begin(looked or ())
    try:
        return _DELIVER(self, task, near, looked)
    except Killed:
        sheet.excuse_death()
        raise


@contextmanager
def _settings(scenario: Scenario) -> Iterator[None]:
    with ExitStack() as patches:
        patches.enter_context(patch.object(new_job, "CHUNK_ROWS", scenario.chunk_rows))
        patches.enter_context(patch.multiple(local_worker, **SELDOM))
        patches.enter_context(patch.object(writer.SheetWriter, "deliver", _deliver))
        for module, name, value in PARTS if scenario.large_tab else ():
            patches.enter_context(patch.object(module, name, value))
        yield


@contextmanager
def _drawn_from(seed: int) -> Iterator[None]:
    """Draws from the seed what everybody else draws: ids, tokens, and the spreadsheet's numbers."""
    draw = random.Random(seed)
    random.seed(seed)
    with patch("os.urandom", draw.randbytes), patch("random._urandom", draw.randbytes):
        yield
