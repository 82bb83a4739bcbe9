# Pins: nested clean-ups run from the inside out, each to its end before the next begins, and what
# stands behind the awaits of the levels never runs.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def level(n):
    try:
        event(f"level {n} begins")
        if n < 3:
            await level(n + 1)
        else:
            await asyncio.sleep(0.900)
        event(f"level {n} is never here")
    except asyncio.CancelledError as cancelled:
        event(f"level {n} cleans up: {cancelled}")
        await asyncio.sleep(0.005)
        event(f"level {n} is clean")
        raise
    return n


async def main():
    task = loop.create_task(level(1))
    await asyncio.sleep(0.001)
    event(f"cancel is granted: {task.cancel('all out')}")
    await asyncio.sleep(0.012)
    event(f"the task is {outcome(task)}")
    event(f"the task is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
