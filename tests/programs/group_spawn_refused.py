# Pins: a group that is aborting takes no new children, from its own children or from its body; nor
# does one that has ended.

import asyncio

from _virtual_loop import VirtualLoop, errors

loop = VirtualLoop()
event = loop.event


async def never(name):
    event(f"{name} is never here")


def spawn(group, name):
    coroutine = never(name)
    try:
        group.create_task(coroutine)
    except RuntimeError:
        coroutine.close()
        event(f"{name} is refused")


async def bad():
    await asyncio.sleep(0.010)
    event("bad fails")
    raise ValueError("bad failed")


async def child(group):
    try:
        event("the child starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        await asyncio.sleep(0.005)
        spawn(group, "a task of the aborted child")
        raise


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(child(group))
            group.create_task(bad())
            try:
                await asyncio.sleep(0.900)
            finally:
                await asyncio.sleep(0.002)
                spawn(group, "a task of the aborted body")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    spawn(group, "a task of the failed group")
    async with asyncio.TaskGroup() as group:
        await asyncio.sleep(0.010)
        event("the body ends")
    spawn(group, "a task of the finished group")


loop.run_until_complete(main())
loop.close()
