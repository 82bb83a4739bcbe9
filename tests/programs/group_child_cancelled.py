# Pins: a child that is cancelled by itself is no failure: its siblings and the body go on, and the
# group ends without an error.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    try:
        event(f"{name} starts")
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(0.003)
        event(f"{name} has cleaned up")
        raise
    event(f"{name} ends")
    return name.upper()


async def main():
    async with asyncio.TaskGroup() as group:
        a = group.create_task(child("a", 0.020))
        b = group.create_task(child("b", 0.900))
        await asyncio.sleep(0.010)
        event(f"cancel of b is granted: {b.cancel()}")
        await asyncio.sleep(0.005)
        event(f"the body goes on, b is {outcome(b)}")
        c = group.create_task(child("c", 0.900))
        loop.call_later(0.015, c.cancel)
        event("the body ends")
    event(f"the group ends: {outcome(a)}, {outcome(b)}, {outcome(c)}")
    await asyncio.sleep(0.010)
    event(f"main ends, requests: {asyncio.current_task().cancelling()}")


loop.run_until_complete(main())
loop.close()
