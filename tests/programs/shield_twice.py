# Pins: a waiter may refuse its cancel and go back to the shielded task, as often as it is asked,
# until the task is done; every request interrupts only the waiter.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def save():
    for n in range(5):
        event(f"block {n} is saved")
        await asyncio.sleep(0.010)
    return "five blocks"


async def saver():
    task = loop.create_task(save())
    asked = 0
    while True:
        try:
            value = await asyncio.shield(task)
            break
        except asyncio.CancelledError:
            asked += 1
            event(f"the saver is asked for time {asked}, the task is {outcome(task)}")
    event(f"the saver has {value}, requests to the task: {task.cancelling()}")
    return f"{value}, asked {asked} times"


async def main():
    task = loop.create_task(saver())
    await asyncio.sleep(0.015)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel()}")
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
