# Pins: cancelling a task that sits in `wait` interrupts it at once and forwards nothing: the tasks
# it waited for go on, and it may wait for them again.

import asyncio

from _virtual_loop import VirtualLoop, names, outcome

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


async def waiter(tasks):
    try:
        await asyncio.wait(tasks)
        event("the waiter is never here")
    except asyncio.CancelledError:
        event("the waiter is interrupted: " + ", ".join(outcome(task) for task in tasks))
    await asyncio.sleep(0.005)
    event("the waiter waits again")
    done, pending = await asyncio.wait(tasks)
    event(f"done {names(done)}, pending {names(pending)}")
    return "the waiter has waited"


async def main():
    children = (("a", 0.030), ("b", 0.020), ("c", 0.005))
    tasks = [loop.create_task(child(name, delay), name=name) for name, delay in children]
    task = loop.create_task(waiter(tasks))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel()}")
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
