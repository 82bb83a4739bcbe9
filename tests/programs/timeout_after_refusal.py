# Pins: a task that refused a cancel before, and never took it back, may use a timeout afterwards:
# the old request does not keep it from being reported.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def worker():
    me = asyncio.current_task()
    event("the worker begins")
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"the worker refuses, requests: {me.cancelling()}")
    try:
        async with asyncio.timeout(0.010) as limit:
            event("the worker has a limit now")
            await asyncio.sleep(0.900)
            event("the worker is never here")
    except TimeoutError:
        event(f"the time is up, expired: {limit.expired()}, requests: {me.cancelling()}")
    await asyncio.sleep(0.010)
    event("the worker goes on")
    return "worked"


async def main():
    task = loop.create_task(worker())
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.005)
    event(f"main sees the worker {outcome(task)}")
    event(f"the worker is {await end_of(task)}, requests: {task.cancelling()}")


loop.run_until_complete(main())
loop.close()
