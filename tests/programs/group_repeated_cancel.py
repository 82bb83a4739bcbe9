# Pins: further requests while a cancelled group waits for its children change nothing: the children
# are asked once, their clean-ups run to the end, and the group waits for them.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, cleanup):
    me = asyncio.current_task()
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} has cleaned up, requests: {me.cancelling()}")
        raise
    return name


async def owner():
    async with asyncio.TaskGroup() as group:
        group.create_task(child("a", 0.020))
        group.create_task(child("b", 0.030))
        event("the body ends")
    event("the owner is never here")
    return "owner"


async def main():
    task = loop.create_task(owner())
    for n in (1, 2, 3):
        await asyncio.sleep(0.007)
        event(f"cancel {n} is granted: {task.cancel()}, requests: {task.cancelling()}")
    await asyncio.sleep(0.007)
    event(f"the owner is {outcome(task)}")
    event(f"the owner is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
