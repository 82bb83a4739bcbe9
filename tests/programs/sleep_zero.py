# Pins: `sleep(0)` gives up exactly one turn: tasks alternate strictly, a child takes its place
# behind those that are ready, and awaiting a coroutine directly costs no turn.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def inner(name):
    event(f"{name} is inside")
    await asyncio.sleep(0)
    event(f"{name} is about to leave")


async def runner(name, laps):
    for lap in range(laps):
        event(f"{name} lap {lap}")
        if name == "b" and lap == 1:
            event("b goes inside")
            await inner(name)
            event("b is back")
        if name == "c" and lap == 0:
            loop.create_task(runner("child of c", 2))
        await asyncio.sleep(0)
    event(f"{name} finishes")


async def main():
    for name, laps in (("a", 4), ("b", 3), ("c", 2)):
        loop.create_task(runner(name, laps))
    event("main waits until all are through")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
