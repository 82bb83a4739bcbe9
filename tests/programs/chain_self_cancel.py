# Pins: a task that cancels itself and then awaits a task cancels that one as well, and waits for
# its clean-up.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def inner():
    event("inner starts")
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("inner cleans up")
        await asyncio.sleep(0.010)
        event("inner is clean")
        raise
    return "inner"


async def outer(task):
    await asyncio.sleep(0.005)
    event("outer asks itself to stop")
    asyncio.current_task().cancel()
    event(f"inner is {outcome(task)}, requests: {task.cancelling()}")
    try:
        await task
    except asyncio.CancelledError:
        event(f"outer is interrupted, inner is {outcome(task)}")
        await asyncio.sleep(0.005)
        event("outer ends")
        raise
    return "outer"


async def main():
    a = loop.create_task(inner())
    b = loop.create_task(outer(a))
    await asyncio.sleep(0.010)
    event(f"inner is {outcome(a)}, outer is {outcome(b)}")
    event(f"outer is {await end_of(b)}")


loop.run_until_complete(main())
loop.close()
