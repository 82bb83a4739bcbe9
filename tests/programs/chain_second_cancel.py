# Pins: each request to the outer task is forwarded: the second one interrupts the clean-up of the
# inner task, for which the outer one still waits.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def inner():
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("inner begins a long clean-up")
        try:
            await asyncio.sleep(0.500)
            event("the long clean-up is never done")
        except asyncio.CancelledError:
            event("inner takes the short way")
            await asyncio.sleep(0.005)
            event("inner is done")
            raise
    return "inner"


async def outer(task):
    try:
        await task
    except asyncio.CancelledError:
        event("outer leaves")
        raise
    return "outer"


async def main():
    a = loop.create_task(inner())
    b = loop.create_task(outer(a))
    await asyncio.sleep(0.005)
    event(f"first cancel of outer is granted: {b.cancel()}")
    await asyncio.sleep(0.010)
    event(f"requests: {a.cancelling()} and {b.cancelling()}")
    event(f"second cancel of outer is granted: {b.cancel()}")
    event(f"requests: {a.cancelling()} and {b.cancelling()}")
    event(f"outer is {await end_of(b)}, inner is {outcome(a)}")


loop.run_until_complete(main())
loop.close()
