"""An event loop whose time is virtual, so that a program prints the same trace in every run.

Where a usual loop would wait for the next timer, this one sets its clock to the timer's deadline.
It waits in earnest only when there is no timer and a thread of the executor still works; when
there is no such thread either, nothing can ever happen again, and that is an error.
"""

import asyncio
import selectors


class _JumpingSelector(selectors.DefaultSelector):
    loop = None

    def select(self, timeout=None):
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is not None:
            self.loop.advance(timeout)
            return []
        if self.loop.n_jobs == 0:
            raise RuntimeError("deadlock: nothing is ready, no timer is set and no thread works")
        return super().select(None)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop with a clock that stands still while callbacks run."""

    def __init__(self):
        self._now = 0.0
        self.n_jobs = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)
        # Reports that a program does not expect must not go unseen.
        self.set_exception_handler(lambda loop, context: loop.event(f"REPORT {context['message']}"))

    def time(self):
        return self._now

    def advance(self, seconds):
        """Lets time pass, as a callback that computes for long would."""
        # Rounded to nanoseconds, so that sums of decimal fractions that should be equal are.
        self._now = round(self._now + seconds, 9)

    def call_at(self, when, callback, *args, context=None):
        return super().call_at(round(when, 9), callback, *args, context=context)

    def run_in_executor(self, executor, func, *args):
        future = super().run_in_executor(executor, func, *args)
        self.n_jobs += 1
        future.add_done_callback(self._job_is_done)
        return future

    def _job_is_done(self, _future):
        self.n_jobs -= 1

    def event(self, text):
        """Prints one line of the trace."""
        print(f"{round(self.time() * 1000)} ms: {text}", flush=True)


def outcome(future):
    """Says how a future or task stands."""
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    if future.exception() is not None:
        return f"error {future.exception()}"
    return f"value {future.result()}"


def settled(result):
    """Says what one entry of a settled gather is."""
    if isinstance(result, asyncio.CancelledError):
        return "cancelled"
    if isinstance(result, Exception):
        return f"error {result}"
    return f"value {result}"


def names(tasks):
    """Joins the names of a set of tasks, which has no order."""
    return " ".join(sorted(task.get_name() for task in tasks)) or "none"


async def end_of(task):
    """Waits for a task, without passing a cancel on to it, and says how it ended."""
    await asyncio.wait([task])
    return outcome(task)


def errors(group):
    """Lists the errors of a group in their order; a group among them has brackets of its own."""
    texts = [errors(e) if isinstance(e, ExceptionGroup) else str(e) for e in group.exceptions]
    return "[" + ", ".join(texts) + "]"
