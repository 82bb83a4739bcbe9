# Pins: an error of a job reaches whoever awaits it and neither harms its thread nor the loop; a
# future of a job that is cancelled is cancelled at once, and what the job gives later is dropped.

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event
pool = ThreadPoolExecutor(max_workers=1)
started, gate = threading.Event(), threading.Event()


def failing(name):
    raise ValueError(f"{name} failed")


def slow():
    started.set()
    gate.wait()
    return "nobody wants it"


async def main():
    for name in "ab":
        try:
            await loop.run_in_executor(pool, failing, name)
        except ValueError as error:
            event(f"main gets error {error}")
    event(f"the thread lives: {await loop.run_in_executor(pool, lambda: 'yes')}")
    future = loop.run_in_executor(pool, slow)
    future.add_done_callback(lambda f: event(f"callback sees cancelled: {f.cancelled()}"))
    started.wait()
    event(f"cancel is granted: {future.cancel()}, now {outcome(future)}")
    event(f"cancel is granted again: {future.cancel()}")
    await asyncio.sleep(0.010)
    behind = loop.run_in_executor(pool, lambda: "the next job")
    event(f"the next job is {outcome(behind)}")
    gate.set()
    event(f"main awaits {await behind}")
    event(f"the cancelled one is still {outcome(future)}")


loop.run_until_complete(main())
pool.shutdown()
loop.close()
