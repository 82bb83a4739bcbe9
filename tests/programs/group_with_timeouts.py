# Pins: children of a group may have timeouts of their own: one that handles its expiry disturbs
# nobody; one that fails by it aborts the group.

import asyncio

from _virtual_loop import VirtualLoop, errors, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, limit, handles):
    try:
        async with asyncio.timeout(limit):
            event(f"{name} starts")
            await asyncio.sleep(0.900)
    except TimeoutError:
        event(f"{name} is out of time")
        if not handles:
            raise ValueError(f"{name} was too slow")
    except asyncio.CancelledError:
        await asyncio.sleep(0.005)
        event(f"{name} is cancelled")
        raise
    await asyncio.sleep(0.005)
    return f"{name} made do"


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            a = group.create_task(child("a", 0.010, True))
            b = group.create_task(child("b", 0.030, False))
            c = group.create_task(child("c", 0.050, True))
            await asyncio.sleep(0.020)
            event(f"the body sees a {outcome(a)}")
        event("main is never here")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    event(f"a {outcome(a)}, b {outcome(b)}, c {outcome(c)}")
    await asyncio.sleep(0.020)
    event("main ends")


loop.run_until_complete(main())
loop.close()
