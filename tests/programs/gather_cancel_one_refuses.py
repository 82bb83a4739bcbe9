# Pins: a child of a cancelled gather may refuse and return a value: the others are cancelled all
# the same, and so is the one who gathered.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, cleanup, refuses):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(cleanup)
        event(f"{name} {'refuses' if refuses else 'goes'}")
        if not refuses:
            raise
    return name.upper()


async def parent(tasks):
    try:
        await asyncio.gather(*tasks)
        event("the parent is never here")
    except asyncio.CancelledError:
        event("the parent is cancelled")
        raise
    return "parent"


async def main():
    a = loop.create_task(child("a", 0.005, True))
    b = loop.create_task(child("b", 0.010, False))
    task = loop.create_task(parent([a, b]))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.007)
    event(f"a is {outcome(a)}, b is {outcome(b)}, the parent is {outcome(task)}")
    event(f"the parent is {await end_of(task)}, b is {outcome(b)}")


loop.run_until_complete(main())
loop.close()
