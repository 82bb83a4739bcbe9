# Pins: a task group ends when its body and all its children have ended, in whatever order they do;
# the children's results are then there.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    return name.upper()


async def main():
    async with asyncio.TaskGroup() as group:
        a = group.create_task(child("a", 0.030))
        b = group.create_task(child("b", 0.010))
        await asyncio.sleep(0.005)
        event("the body has waited")
        c = group.create_task(child("c", 0.015))
        event("the body ends")
    event(f"the group ends: {outcome(a)}, {outcome(b)}, {outcome(c)}")
    async with asyncio.TaskGroup() as group:
        d = group.create_task(child("d", 0.005))
        event(f"the body gets {await d}")
        await asyncio.sleep(0.010)
        event("the body ends last")
    async with asyncio.TaskGroup():
        event("a group may be empty")
    event("main ends")


loop.run_until_complete(main())
loop.close()
