# Pins: a timeout around an awaited task cancels that task when it expires and waits for its
# clean-up; a task that refuses gives its value, though the time is up.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, refuses):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(0.010)
        event(f"{name} has cleaned up")
        if not refuses:
            raise
    return name.upper()


async def limited(name, refuses):
    task = loop.create_task(child(name, refuses))
    try:
        async with asyncio.timeout(0.020) as limit:
            value = await task
            event(f"{name} gave {value} in the end")
    except TimeoutError:
        event(f"{name} is out of time")
    event(f"{name} is {outcome(task)}, expired: {limit.expired()}")


async def main():
    await limited("a", False)
    await asyncio.sleep(0.010)
    await limited("b", True)
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
