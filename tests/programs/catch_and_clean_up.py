# Pins: a task that catches its cancel may await while it cleans up; it ends as cancelled only when
# it has passed the cancel on, with the message of the request; others go on meanwhile.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def writer():
    event("the writer opens a file")
    try:
        await asyncio.sleep(0.900)
        event("the writer is never here")
    except asyncio.CancelledError as cancelled:
        event(f"the writer is asked to stop: {cancelled}")
        await asyncio.sleep(0.010)
        event("the writer has flushed")
        await asyncio.sleep(0.010)
        event("the writer has closed the file")
        raise
    return "written"


async def ticker():
    for n in range(4):
        event(f"tick {n}")
        await asyncio.sleep(0.007)


async def main():
    task = loop.create_task(writer())
    ticks = loop.create_task(ticker())
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel('shutdown')}")
    await asyncio.sleep(0.011)
    event(f"the writer is {outcome(task)}")
    try:
        await task
    except asyncio.CancelledError as cancelled:
        event(f"main sees the writer cancelled: {cancelled}")
    event(f"the writer is {outcome(task)}, cancel is granted: {task.cancel()}")
    await ticks


loop.run_until_complete(main())
loop.close()
