# Pins: when the body and children fail, the group gives the errors of the children first and that
# of the body last, whichever came first.

import asyncio

from _virtual_loop import VirtualLoop, errors

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    try:
        event(f"{name} starts")
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        await asyncio.sleep(0.005)
    event(f"{name} fails")
    raise ValueError(f"{name} failed")


async def body(delay):
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        event("the body is cancelled")
        await asyncio.sleep(0.002)
    event("the body fails")
    raise ValueError("the body failed")


async def both(name, child_delay, body_delay):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child(name, child_delay))
            await body(body_delay)
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    await asyncio.sleep(0.010)


async def main():
    await both("a", 0.900, 0.010)
    await both("b", 0.010, 0.900)
    event(f"main ends, requests: {asyncio.current_task().cancelling()}")


loop.run_until_complete(main())
loop.close()
