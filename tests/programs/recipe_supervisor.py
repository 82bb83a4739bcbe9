# Pins: a supervisor starts its worker again when it fails, and stops with it when it is cancelled
# itself: the worker then cleans up, and no new one is started.

import asyncio

from _virtual_loop import VirtualLoop, end_of

loop = VirtualLoop()
event = loop.event


async def worker(n):
    event(f"worker {n} starts")
    try:
        await asyncio.sleep(0.020 if n < 2 else 0.900)
        event(f"worker {n} crashes")
        raise ValueError(f"worker {n} crashed")
    except asyncio.CancelledError:
        event(f"worker {n} is stopped")
        await asyncio.sleep(0.007)
        event(f"worker {n} has cleaned up")
        raise


async def supervisor():
    n_started = 0
    try:
        while True:
            task = loop.create_task(worker(n_started))
            n_started += 1
            try:
                await task
            except ValueError as error:
                event(f"the supervisor sees error {error}")
            await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        event(f"the supervisor ends after {n_started} workers")
        raise
    return "never"


async def main():
    task = loop.create_task(supervisor())
    await asyncio.sleep(0.060)
    event(f"cancel is granted: {task.cancel()}")
    event(f"the supervisor is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
