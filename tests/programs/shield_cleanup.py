# Pins: a clean-up that runs as a shielded task is not interrupted by a second request: the one who
# waits for it is, and may go on waiting.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def flush():
    for n in range(3):
        event(f"page {n} is flushed")
        await asyncio.sleep(0.010)
    return "flushed"


async def journal():
    try:
        event("the journal is open")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError as first:
        event(f"the journal is asked to close: {first}")
        task = loop.create_task(flush())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as second:
            event(f"the journal is asked again: {second}, its pages are {outcome(task)}")
            event(f"the journal waits all the same: {await end_of(task)}")
        event("the journal is closed")
        raise
    return "journal"


async def main():
    task = loop.create_task(journal())
    await asyncio.sleep(0.005)
    event(f"cancel is granted: {task.cancel('please')}")
    await asyncio.sleep(0.015)
    event(f"cancel is granted: {task.cancel('now')}")
    event(f"the journal is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
