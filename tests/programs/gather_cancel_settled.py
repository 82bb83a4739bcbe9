# Pins: a gather that collects errors is cancelled like any other: the children are cancelled, it
# waits for all of them, and then the cancel goes on instead of a list of results.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, cleanup, refuses):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} {'refuses' if refuses else 'goes'}")
        if not refuses:
            raise
    return name.upper()


async def parent(tasks):
    try:
        await asyncio.gather(*tasks, return_exceptions=True)
        event("the parent is never here")
    except asyncio.CancelledError as cancelled:
        event(f"the parent is cancelled: {cancelled}")
        raise
    return "parent"


async def main():
    children = (("a", 0.005, False), ("b", 0.010, True), ("c", 0.015, False))
    tasks = [loop.create_task(child(*each)) for each in children]
    task = loop.create_task(parent(tasks))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel('no lists')}")
    await asyncio.sleep(0.012)
    event("the children are " + ", ".join(outcome(child) for child in tasks))
    event(f"the parent is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
