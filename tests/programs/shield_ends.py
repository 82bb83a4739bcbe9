# Pins: a shield ends as what it protects ends: with its value, with its error, and, when the
# protected task itself is cancelled, as cancelled; one that is done gives its value at once.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, delay, fails):
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(0.005)
        raise
    event(f"{name} ends")
    if fails:
        raise ValueError(f"{name} failed")
    return name.upper()


async def waiter(name, task):
    try:
        value = await asyncio.shield(task)
        event(f"the waiter for {name} gets {value}")
    except ValueError as error:
        event(f"the waiter for {name} gets error {error}")
    except asyncio.CancelledError:
        event(f"the waiter for {name} sees it cancelled")
    return name


async def main():
    tasks = [("a", 0.010, False), ("b", 0.020, True), ("c", 0.900, False)]
    tasks = {name: loop.create_task(child(name, delay, fails)) for name, delay, fails in tasks}
    waiters = [loop.create_task(waiter(name, task)) for name, task in tasks.items()]
    await asyncio.sleep(0.030)
    event(f"cancel of c is granted: {tasks['c'].cancel()}")
    await asyncio.sleep(0.010)
    for task in waiters:
        event(f"a waiter is {outcome(task)}, requests: {task.cancelling()}")
    await waiter("a once more", tasks["a"])


loop.run_until_complete(main())
loop.close()
