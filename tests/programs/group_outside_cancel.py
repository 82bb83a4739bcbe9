# Pins: cancelling a task that sits in a group cancels its body and then its children; the task ends
# as cancelled when the last of them has cleaned up.

import asyncio

from _virtual_loop import VirtualLoop, end_of

loop = VirtualLoop()
event = loop.event


async def child(name, cleanup):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(cleanup)
        event(f"{name} has cleaned up")
        raise
    return name


async def owner():
    try:
        async with asyncio.TaskGroup() as group:
            for name, cleanup in (("a", 0.010), ("b", 0.005), ("c", 0.015)):
                group.create_task(child(name, cleanup))
            try:
                await asyncio.sleep(0.900)
            except asyncio.CancelledError as cancelled:
                event(f"the body is cancelled: {cancelled}")
                await asyncio.sleep(0.020)
                event("the body has cleaned up")
                raise
    except asyncio.CancelledError as cancelled:
        event(f"the owner is cancelled: {cancelled}")
        raise
    return "owner"


async def main():
    task = loop.create_task(owner())
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel('closing')}")
    event(f"the owner is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
