# Pins: what `wait_for` cancels may refuse: then its value is what `wait_for` gives, late and
# without an error.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def child(name, extra):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"{name} refuses")
    await asyncio.sleep(extra)
    event(f"{name} ends")
    return name.upper()


async def main():
    task = loop.create_task(child("task", 0.020))
    await asyncio.sleep(0.001)
    value = await asyncio.wait_for(task, 0.010)
    event(f"main gets {value}, the task is {outcome(task)}, requests: {task.cancelling()}")
    await asyncio.sleep(0.010)
    event(f"main gets {await asyncio.wait_for(child('coroutine', 0.015), 0.010)}")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
