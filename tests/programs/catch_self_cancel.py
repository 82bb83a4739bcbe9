# Pins: a task that cancels itself runs on to its next await, which is interrupted; if there is
# none, the task ends as cancelled and its value is lost; it may also refuse.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def leaves():
    event("leaves asks itself to stop")
    asyncio.current_task().cancel("enough")
    event("leaves runs on")
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError as cancelled:
        event(f"leaves is interrupted: {cancelled}")
        await asyncio.sleep(0.004)
        event("leaves has cleaned up")
        raise
    return "left"


async def returns():
    await asyncio.sleep(0.010)
    event("returns asks itself to stop and returns at once")
    asyncio.current_task().cancel()
    return "lost"


async def stays():
    await asyncio.sleep(0.020)
    asyncio.current_task().cancel()
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event("stays has thought better of it")
    await asyncio.sleep(0.004)
    return "stayed"


async def main():
    tasks = [loop.create_task(body()) for body in (leaves, returns, stays)]
    await asyncio.sleep(0.002)
    event("they are " + ", ".join(outcome(task) for task in tasks))
    await asyncio.sleep(0.010)
    event("they are " + ", ".join(outcome(task) for task in tasks))
    event(f"the last one is {await end_of(tasks[2])}")


loop.run_until_complete(main())
loop.close()
