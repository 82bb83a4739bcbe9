# Pins: cancelling a task that sits in a gather cancels the children in their order; the task sees
# its cancel when they have ended; a child that has ended keeps its value.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    try:
        event(f"{name} starts")
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        raise
    event(f"{name} ends")
    return name.upper()


async def parent(tasks):
    try:
        await asyncio.gather(*tasks)
        event("the parent is never here")
    except asyncio.CancelledError as cancelled:
        event(f"the parent is cancelled: {cancelled}")
        await asyncio.sleep(0.005)
        event("the parent has cleaned up")
        raise
    return "parent"


async def main():
    children = (("a", 0.900), ("b", 0.005), ("c", 0.800))
    tasks = [loop.create_task(child(name, delay)) for name, delay in children]
    task = loop.create_task(parent(tasks))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel('stop all')}")
    event(f"the parent is {await end_of(task)}")
    event("the children are " + ", ".join(outcome(child) for child in tasks))


loop.run_until_complete(main())
loop.close()
