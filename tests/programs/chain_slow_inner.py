# Pins: a task that awaits a task stays where it is until the inner one has cleaned up: cancelled
# itself, it is still pending, and ends only after it.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def inner():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        for step in (1, 2, 3):
            event(f"inner does step {step} of its clean-up")
            await asyncio.sleep(0.010)
        event("inner is clean")
        raise
    return "inner"


async def outer(task):
    try:
        await task
    except asyncio.CancelledError:
        event("outer is interrupted")
        await asyncio.sleep(0.010)
        event("outer is clean")
        raise
    return "outer"


async def main():
    a = loop.create_task(inner())
    b = loop.create_task(outer(a))
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {b.cancel()}")
    await asyncio.sleep(0.025)
    event(f"inner is {outcome(a)}, outer is {outcome(b)}")
    await asyncio.sleep(0.010)
    event(f"inner is {outcome(a)}, outer is {outcome(b)}")
    event(f"outer is {await end_of(b)}")


loop.run_until_complete(main())
loop.close()
