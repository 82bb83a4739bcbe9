# Pins: a task outside the group that a child awaits in a shield survives the abort of the group;
# the child itself does not.

import asyncio

from _virtual_loop import VirtualLoop, errors, outcome

loop = VirtualLoop()
event = loop.event


async def archive():
    for n in range(4):
        event(f"volume {n} is archived")
        await asyncio.sleep(0.010)
    return "four volumes"


async def bad():
    await asyncio.sleep(0.015)
    event("bad fails")
    raise ValueError("bad failed")


async def child(task):
    try:
        value = await asyncio.shield(task)
    except asyncio.CancelledError:
        event(f"the child is interrupted, the archive is {outcome(task)}")
        raise
    return value


async def main():
    task = loop.create_task(archive())
    try:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(child(task))
            group.create_task(bad())
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    event(f"the child is {outcome(waiting)}, the archive is {outcome(task)}")
    event(f"main waits for {await task}")


loop.run_until_complete(main())
loop.close()
