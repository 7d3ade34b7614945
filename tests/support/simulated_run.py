"""A deployment in simulated time: the real engine over a real file; provider, spreadsheet and queue are in-process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from math import inf
from typing import Any, TypeVar

import msgspec

from functions.auth.encryption import TokenCipher
from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.credits.caps import Limits
from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Throttled, Unavailable, Unreadable
from functions.credits.terms import EVERY_NEED, Limit, Needs, Terms
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.enrichment.turns import Turns
from functions.entrypoints.local_worker import LocalWorker
from functions.errors import LeadfillError, SheetAccessExpired, WrongJobState
from functions.jobs import new_job, service
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.request import JobRequest
from functions.jobs.sweep import sweep
from functions.profiles import Profile
from functions.providers import slintel
from functions.providers.contract import Answer, Balance
from functions.providers.slintel import Slintel
from functions.sheets import transport
from functions.sheets.client import GoogleSheet
from functions.store.database import Store
from functions.store.job_states import JobState
from functions.store.jobs import Job
from functions.store.rates import Pace
from functions.task_queue import DUE_S, Queue, StoreQueue
from local.providers.people import lead
from local.sheets_api import discovery
from local.sheets_api.api import Api
from local.sheets_api.calls import Call
from local.sheets_api.files import from_values
from local.sheets_api.google_errors import GoogleError
from local.sheets_api.state import State
from local.sheets_api.users import User
from local.sheets_api.workbook import Workbook
from tests.support.enrichers import FRESH, PLENTY, allowed
from tests.support.simulation import START, Process, SimulatedStore, World

T = TypeVar("T")
CALLER = Caller("person-1", "person@example.com", "example.com")
SECRET = "a secret of this test; that is long enough: 0123456789"
FIELDS = ("email", "title", "company", "size")
LOOKUPS_AT_ONCE = 4
TIMEOUT_S = 35.0
SWEEP_S = 300.0
"""Seconds between two sweeps of the cloud's scheduler."""
MAX_ABSENCE_S = 7_200.0
"""The longest time until a process that died is replaced."""
MAX_PAUSE_S = 600.0
"""The longest time from one look of a person at a job to the next."""
PATIENCE_S = 600.0
"""Seconds that the queue waits for a worker's answer."""


class Provider:
    """Slintel's end of the wire: knows what it has charged, and whom it cannot answer."""

    def __init__(self, world: World) -> None:
        self.charges: Counter[str] = Counter()
        self._world = world

    def serve(self, slug: str) -> LookupResult:
        """Answers one request; whoever asked pays, whether the answer arrives or not."""
        fate = self._world.random.random()
        if fate < 0.05:
            return Throttled()
        if fate < 0.10:
            return Unavailable(503)
        if slug.startswith("nobody"):
            return Missing(successful=False)
        self.charges[slug] += 1
        if fate < 0.13:
            return NoAnswer(sent=True)  # the connection ends after it was charged
        if fate < 0.15:
            return Unreadable()
        found = lead(slug)
        return Found(found, msgspec.json.encode(found), raw_is_lead=True)


class SimulatedSlintel(Slintel):
    """One process's way to the provider."""

    def __init__(self, provider: Provider, process: Process) -> None:
        super().__init__("http://127.0.0.1", "key", concurrency=LOOKUPS_AT_ONCE, timeout_s=TIMEOUT_S)
        self._provider, self._process = provider, process

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:  # noqa: ARG002 - it always gives all
        """One request, there and back; now and then the answer is later than anybody waits for."""
        slug, draw = profile.key.rpartition("/")[2], self._process.random
        back_s = draw() if draw() > 0.03 else 2 * TIMEOUT_S
        try:
            result = self._process.call_outside(
                lambda: self._provider.serve(slug), slug, there_s=draw(), back_s=back_s, patience_s=TIMEOUT_S
            )
        except TimeoutError:
            result = NoAnswer(sent=True)
        return Answer(result)

    def balance(self) -> Balance | None:
        """It does not say."""
        return None


class SimulatedSheet(GoogleSheet):
    """The emulator's spreadsheet without its HTTP: the real client's calls, carried out in simulated time."""

    faults = 0.05
    """The share of calls that are put off, and of those whose answer is lost."""
    way_s = 1.0
    """The longest way there, and back."""

    def __init__(self, spreadsheet_id: str, api: Api, process: Process, token: SheetToken) -> None:
        super().__init__(spreadsheet_id, "token", endpoint="", runtime=process)
        self._api, self._process, self._access = api, process, token

    def _attempt(self, read: Callable[[bytes], T], method: str, *, once: bool, **arguments: Any) -> T:  # noqa: ANN401, ARG002 - the client's own arguments
        body = msgspec.json.decode(msgspec.json.encode(arguments.pop("body", {})))
        name, draw, path = f"spreadsheets.{method}", self._process.random, {"spreadsheetId": self.spreadsheet_id}
        user, throttled, broken = User(CALLER.email), draw() < self.faults, draw() < self.faults
        if throttled:
            raise transport.Throttled(retry_after_s=30)

        def serve() -> bytes:
            if self._process.world.now_s >= self._access.until_s:
                raise SheetAccessExpired
            call = Call(self._api.state.workbooks, user, name, path, arguments, body)
            try:
                return msgspec.json.encode(self._api.checked(call, discovery.methods()[name]))
            except GoogleError as error:
                raise transport.refusal(error.code, str(error)) from error

        there_s, back_s = self.way_s * draw(), self.way_s * draw()
        answer = self._process.call_outside(serve, method, there_s=there_s, back_s=back_s, patience_s=inf)
        if broken:  # carried out, and nobody hears of it
            raise transport.UncertainWrite(retry_after_s=10)
        return read(answer)


@dataclass(frozen=True, slots=True)
class SheetToken:
    """A person's access to the spreadsheet."""

    until_s: float = inf
    """When it ends, in the world's seconds."""

    @property
    def text(self) -> str:
        """The token as it is handed over."""
        return f"until {self.until_s}"

    @property
    def until(self) -> datetime | None:
        """When it ends; None where it never does."""
        return None if self.until_s == inf else START + timedelta(seconds=self.until_s)

    @classmethod
    def of(cls, text: str) -> SheetToken:
        """The token of this text."""
        return cls(float(text.removeprefix("until ")))


@dataclass(frozen=True, slots=True)
class Fate:
    """The fate of a process: the step at which it dies, and the step at which it freezes for a while."""

    dies_in: float = inf
    freezes_in: float = inf


@dataclass(slots=True, kw_only=True)
class Deployment:
    """A team's Leadfill in a world, in the cloud or on one machine; its processes die, and others take their place."""

    world: World
    in_cloud: bool
    sweep_s: float = SWEEP_S
    max_absence_s: float = MAX_ABSENCE_S
    limits: tuple[Limit, ...] = ()
    """Those of the provider's key, which all instances keep together."""
    token_lasts_s: float = inf
    make_provider: Callable[[World], Provider] = Provider
    make_slintel: Callable[[Provider, Process], Slintel] = SimulatedSlintel
    provider: Provider = field(init=False)
    api: Api = field(init=False)
    workbook: Workbook = field(init=False)
    tasks: set[tuple[str, float]] = field(default_factory=set)
    """Chunks that wait in the queue, and when they are due."""
    instances: list[AppContext] = field(default_factory=list)
    workers: list[LocalWorker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provider = self.make_provider(self.world)
        self.workbook = Workbook()
        state = State()
        state.workbooks[self.workbook.id] = self.workbook
        self.api = Api(state)
        if self.in_cloud:
            self.world.outside.spawn(self._schedule, name="scheduler")

    def fill_sheet(self, rows: Sequence[Sequence[Any]]) -> None:
        """The one tab, “Leads”."""
        self.workbook.sheets = [from_values([list(row) for row in rows], title="Leads")]

    def grid(self) -> list[list[Any]]:
        """Return the contents of its cells."""
        call = Call(
            {self.workbook.id: self.workbook},
            User(self.workbook.owner),
            "spreadsheets.values.get",
            {"spreadsheetId": self.workbook.id, "range": "Leads"},
            {},
            {},
        )
        found: list[list[Any]] = self.api.checked(call, discovery.methods()[call.method]).get("values", [])
        return found

    @property
    def terms(self) -> Mapping[str, Terms]:
        """Those of the providers, in the waterfall's order."""
        return {slintel.NAME: slintel.TERMS}

    @property
    def caps(self) -> Limits:
        """The team's own."""
        return PLENTY

    def context(self, process: Process, wake: Callable[[], None] = lambda: None) -> AppContext:
        """The parts of one process."""
        store = self.make_store(process)
        return _SimulatedContext(
            store=store,
            limits=self.caps,
            fresh=FRESH,
            queue=self.make_queue(wake),
            cipher=TokenCipher(SECRET, "sheet access"),
            sheets_endpoint="",
            make_enricher=cache(lambda: self.make_enricher(store, process)),
            terms=self.terms,
            clock=store.clock,
            runtime=process,
            owner=lambda: process.name,
            is_dead=self._is_dead,
            deployment=self,
        )

    def make_store(self, process: Process) -> SimulatedStore:
        """One process's way to the database."""
        return SimulatedStore(process)

    def make_queue(self, wake: Callable[[], None]) -> Queue:
        """One process's way to the queue."""
        return CloudQueue(self) if self.in_cloud else StoreQueue(wake)

    def make_enricher(self, store: Store, process: Process) -> Enricher:
        """One process's enricher."""
        return Enricher(
            store=store,
            dispatchers=self.dispatchers(store, process),
            limits=self.caps,
            fresh=FRESH,
            clock=store.clock,
            owner=process.name,
        )

    def dispatchers(self, store: Store, process: Process) -> Mapping[str, Dispatcher]:
        """One process's ways to the providers."""
        turns = Turns(store=store, pace=Pace(slintel.NAME, self.limits), clock=store.clock, runtime=process)
        way = self.make_slintel(self.provider, process)
        return {slintel.NAME: Dispatcher(way, LOOKUPS_AT_ONCE, process, turns=turns if self.limits else None)}

    def sheet(self, spreadsheet_id: str, access_token: str, process: Process) -> GoogleSheet:
        """One process's way to a spreadsheet."""
        return SimulatedSheet(spreadsheet_id, self.api, process, SheetToken.of(access_token))

    def alive(self) -> list[AppContext]:
        """The instances that are."""
        return [context for context in self.instances if not process_of(context).dead]

    def wake(self) -> None:
        """Says to the worker of one machine that there may be work; where people are served, it works, too."""
        for worker in self.workers:
            worker.wake()

    def token(self) -> SheetToken:
        """A fresh token of the person's."""
        return SheetToken(self.world.now_s + self.token_lasts_s)

    def start(self, job_request: JobRequest, key: str = "one") -> Job:
        """A person starts a job; `key` names the confirmation."""
        context, token = self.context(self.world.person, self.wake), self.token()
        return new_job.start(
            context,
            job_request,
            CALLER,
            token.text,
            access_until=token.until,
            max_credits=allowed(10**6),
            idempotency_key=key,
        ).job

    def renew_access_every(self, seconds: float, job: Job) -> None:
        """As the add-on's time trigger does, until the job has ended."""
        context = self.context(self.world.outside)

        def trigger() -> None:
            while True:
                self.world.outside.sleep(seconds)
                token = self.token()
                try:
                    service.renew_access(context, job, token.text, access_until=token.until)
                except WrongJobState:
                    return

        self.world.outside.spawn(trigger, name="trigger")

    def run(self, job: Job, fates: Sequence[Fate], *, at_most_s: float, each_s: float = 20) -> Job:
        """Until the job has ended: in the cloud two instances work, and one that dies is replaced, perhaps hours later.

        Args:
            job: which was started.
            fates: of the first instances; nothing happens to those that come after them.
            at_most_s: of simulated time.
            each_s: from one look at the job to the next at first; who sees nothing new looks less often.
        """
        self.work(fates)
        context = self.context(self.world.person)
        while (job := service.reload(context, job)).state not in (JobState.DONE, JobState.STOPPED):
            assert self.world.now_s < at_most_s, f"the job never ended: {job.state}"
            self.world.person.sleep(each_s)
            each_s = min(1.2 * each_s, MAX_PAUSE_S)
        return job

    def work(self, fates: Sequence[Fate] = ()) -> None:
        """Starts the instances that do the work."""
        to_come = list(fates)
        for number in range(2 if self.in_cloud else 1):
            self.world.outside.spawn(lambda: self.supervise(to_come), name=f"supervisor {number}")

    def supervise(self, fates: list[Fate]) -> None:
        """Keeps one instance alive: who dies is replaced after a while, by one with the next of these fates."""
        while True:
            process = Process(self.world, f"instance {len(self.instances) + 1}")
            fate = fates.pop(0) if fates else Fate()
            process.dies_in, process.freezes_in = fate.dies_in, fate.freezes_in
            worker = LocalWorker(process)
            context = self.context(process, worker.wake)
            self.instances.append(context)
            self.workers.append(worker)
            if not self.in_cloud:
                worker.start(context)
            self.world.wait("supervise", inf, lambda process=process: process.dead)  # type: ignore[misc] # a default argument keeps the value
            self.world.outside.sleep(self.max_absence_s * self.world.random.random())

    def _is_dead(self, owner: str) -> bool:
        """As the kernel of one machine knows it; in the cloud only silence tells."""
        known = [process_of(context) for context in self.instances]
        return not self.in_cloud and any(process.dead for process in known if process.name == owner)

    def _schedule(self) -> None:
        while True:
            self.world.outside.sleep(self.sweep_s)
            if alive := self.alive():
                context = self.world.random.choice(alive)
                process_of(context).spawn(lambda context=context: self._sweep(context), name="sweep")  # type: ignore[misc] # a default argument keeps the value

    @staticmethod
    def _sweep(context: AppContext) -> None:
        with suppress(LeadfillError):  # the next one repairs it
            sweep(context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SimulatedContext(AppContext):
    """Parts whose spreadsheets are in this process."""

    deployment: Deployment

    def sheet(self, spreadsheet_id: str, access_token: str) -> GoogleSheet:
        return self.deployment.sheet(spreadsheet_id, access_token, process_of(self))


class CloudQueue:
    """Cloud Tasks: delivers at least once, to whoever is alive, and again until somebody answers."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment, self._world = deployment, deployment.world

    def enqueue(self, chunk_id: str, *, delay_s: float = 0) -> None:
        """See `Queue.enqueue`."""
        task = chunk_id, (self._world.now_s + delay_s) // DUE_S if delay_s >= DUE_S else 0
        if task not in self._deployment.tasks:
            self._deployment.tasks.add(task)
            self.deliver(chunk_id, delay_s, lambda: self._deployment.tasks.discard(task))

    def deliver(self, chunk_id: str, delay_s: float, begun: Callable[[], object] = lambda: None) -> None:
        """Hands a chunk to a worker, whether or not it waits already; `begun` is called once it is handed over."""
        self._world.spawn(self._world.outside, lambda: self._deliver(chunk_id, delay_s, begun), f"task {chunk_id[-2:]}")

    def _deliver(self, chunk_id: str, delay_s: float, begun: Callable[[], object]) -> None:
        outside, draw = self._world.outside, self._world.random
        outside.sleep(delay_s + draw.random())
        begun()
        answered: list[ChunkResult] = []
        while not answered:
            if alive := self._deployment.alive():
                context = draw.choice(alive)
                work = process_of(context).spawn(lambda: self._work(context, chunk_id, answered), name="chunk")  # noqa: B023 - joined below
                work.join(PATIENCE_S)
            if not answered:
                outside.sleep(30 * draw.random())

    @staticmethod
    def _work(context: AppContext, chunk_id: str, answered: list[ChunkResult]) -> None:
        """As `entrypoints.worker` does: an error is no answer, and the task comes again."""
        with suppress(LeadfillError):
            answered.append(run_chunk(context, chunk_id))


def process_of(context: AppContext) -> Process:
    """The process whose parts these are."""
    assert isinstance(context.runtime, Process)
    return context.runtime
