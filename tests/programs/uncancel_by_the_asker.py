# Pins: the one who made a request may take it back when it was delivered and refused: the count is
# the task's, whoever calls; what was delivered is not undone.

import asyncio

from _virtual_loop import VirtualLoop, end_of

loop = VirtualLoop()
event = loop.event


async def worker():
    me = asyncio.current_task()
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"the worker is interrupted, requests: {me.cancelling()}")
    await asyncio.sleep(0.010)
    event(f"the worker looks again, requests: {me.cancelling()}")
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"the worker is interrupted again, requests: {me.cancelling()}")
        raise
    return "worked"


async def main():
    task = loop.create_task(worker())
    await asyncio.sleep(0.005)
    event(f"main asks: {task.cancel()}")
    await asyncio.sleep(0.005)
    event(f"main takes it back: {task.uncancel()}")
    event(f"main takes back one too many: {task.uncancel()}")
    await asyncio.sleep(0.010)
    event(f"main asks again: {task.cancel()}, requests: {task.cancelling()}")
    event(f"the worker is {await end_of(task)}, requests: {task.cancelling()}")


loop.run_until_complete(main())
loop.close()
