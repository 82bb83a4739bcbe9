# Pins: an error of the body cancels the children, waits for their clean-ups and is given by the
# group as its error.

import asyncio

from _virtual_loop import VirtualLoop, errors, outcome

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


async def main():
    tasks = []
    try:
        async with asyncio.TaskGroup() as group:
            for name, cleanup in (("a", 0.010), ("b", 0.020)):
                tasks.append(group.create_task(child(name, cleanup)))
            await asyncio.sleep(0.010)
            event("the body fails")
            raise ValueError("the body failed")
    except ExceptionGroup as failed:
        event(f"main gets {errors(failed)}")
    event("the children are " + ", ".join(outcome(task) for task in tasks))
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
