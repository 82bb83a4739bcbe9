# Pins: an error of the clean-up takes the place of the cancel: the task ends with that error, at
# every level that does not catch it, and its awaiter gets it.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def disk():
    event("the disk spins")
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("the disk flushes")
        await asyncio.sleep(0.010)
        event("the disk is full")
        raise ValueError("disk full")


async def writer():
    try:
        event("the writer turns to the disk")
        await disk()
        event("the writer is never here")
    except ValueError as error:
        event(f"the writer sees error {error}")
        await asyncio.sleep(0.005)
        raise ValueError("nothing written")
    return "written"


async def main():
    task = loop.create_task(writer())
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.012)
    event(f"the writer is {outcome(task)}")
    try:
        await task
    except ValueError as error:
        event(f"main gets error {error}")
    event(f"the writer is cancelled: {task.cancelled()}")


loop.run_until_complete(main())
loop.close()
