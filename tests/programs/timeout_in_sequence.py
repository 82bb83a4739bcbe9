# Pins: each timeout of a sequence has its own time: one that expired leaves nothing behind for the
# next, whether that one expires or not.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def attempt(n, limit, work):
    try:
        async with asyncio.timeout(limit):
            event(f"attempt {n} begins")
            await asyncio.sleep(work)
    except TimeoutError:
        event(f"attempt {n} is out of time")
        await asyncio.sleep(0.005)
        return 0
    event(f"attempt {n} succeeds")
    return 1


async def worker():
    n_good = 0
    for n, (limit, work) in enumerate([(0.010, 0.900), (0.020, 0.015), (0.005, 0.900), (None, 0.030)]):
        n_good += await attempt(n, limit, work)
    event(f"requests: {asyncio.current_task().cancelling()}")
    return n_good


async def main():
    task = loop.create_task(worker())
    await asyncio.sleep(0.012)
    event(f"main sees the worker {outcome(task)}")
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
