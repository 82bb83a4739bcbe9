# Pins: a job starts when it is submitted, on another thread, before the loop runs; its future is
# set by the loop in a turn of its own, so that it is pending until then however long the job has
# been over, and may be read again and again after that.

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event
pool = ThreadPoolExecutor(max_workers=1)
here = threading.get_ident()


def job(name, started):
    event(f"{name} runs, on another thread: {threading.get_ident() != here}")
    started.set()
    return name.upper()


def submit(name):
    started = threading.Event()
    future = loop.run_in_executor(pool, job, name, started)
    started.wait()
    return future


def is_early(future):
    try:
        future.result()
    except asyncio.InvalidStateError:
        return True
    return False


async def main():
    b = submit("b")
    c = submit("c")
    event(f"b is over on the only thread, yet it is {outcome(b)}")
    c.add_done_callback(lambda f: event(f"callback of c sees {outcome(f)}"))
    b.add_done_callback(lambda f: event(f"callback of b sees {outcome(f)}"))
    event(f"main awaits c: {await c}")
    event(f"main awaits b: {await b}")
    event(f"main awaits b again: {await b}")
    for name in "de":
        future = submit(name)
        event(f"{name} is {outcome(future)}")
        event(f"main awaits {name}: {await future}")


a = submit("a")
event(f"a is {outcome(a)}, reading it is refused: {is_early(a)}")
event(f"the run gives {loop.run_until_complete(a)}, a is {outcome(a)}")
loop.run_until_complete(main())
pool.shutdown()
loop.close()
