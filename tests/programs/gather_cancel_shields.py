# Pins: cancelling a gather of shielded tasks interrupts the one who gathers at once; the tasks go
# on, and another gather of them gets their values.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    try:
        event(f"{name} starts")
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        event(f"{name} is never cancelled")
        raise
    event(f"{name} ends")
    return name.upper()


async def parent(tasks):
    try:
        await asyncio.gather(*[asyncio.shield(task) for task in tasks])
        event("the parent is never here")
    except asyncio.CancelledError:
        event("the parent is cancelled: " + ", ".join(outcome(task) for task in tasks))
        raise
    return "parent"


async def main():
    children = (("a", 0.030), ("b", 0.020), ("c", 0.005))
    tasks = [loop.create_task(child(name, delay)) for name, delay in children]
    task = loop.create_task(parent(tasks))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel()}")
    event(f"the parent is {await end_of(task)}")
    event("main gets " + " ".join(await asyncio.gather(*tasks)))


loop.run_until_complete(main())
loop.close()
