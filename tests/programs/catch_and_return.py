# Pins: a task that swallows its cancel and returns a value ends with that value: it is not
# cancelled, and its awaiter and its callbacks learn of the value only.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def counter():
    counted = 0
    try:
        while True:
            await asyncio.sleep(0.010)
            counted += 1
            event(f"counted to {counted}")
    except asyncio.CancelledError:
        event("the counter is interrupted")
    await asyncio.sleep(0.003)
    event("the counter returns what it has")
    return counted


async def main():
    task = loop.create_task(counter())
    task.add_done_callback(lambda t: event(f"callback sees {outcome(t)}, cancelled: {t.cancelled()}"))
    await asyncio.sleep(0.035)
    event(f"cancel is granted: {task.cancel()}, the counter is {outcome(task)}")
    event(f"main gets {await task}")
    await asyncio.sleep(0.001)
    event(f"cancel is granted: {task.cancel()}, the counter is {outcome(task)}")


loop.run_until_complete(main())
loop.close()
