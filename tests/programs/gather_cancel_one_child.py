# Pins: a child of a gather that is cancelled by itself counts as an error: the one who gathers sees
# it as a cancelled child at once, without being cancelled, and the other children go on.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name, delay):
    try:
        event(f"{name} starts")
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        raise
    event(f"{name} ends")
    return name.upper()


async def parent(tasks):
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        event(f"a child was cancelled, requests: {asyncio.current_task().cancelling()}")
    await asyncio.sleep(0.005)
    event("the parent goes on")
    settled = await asyncio.gather(*tasks, return_exceptions=True)
    return " ".join("none" if isinstance(each, BaseException) else each for each in settled)


async def main():
    children = (("a", 0.030), ("b", 0.900), ("c", 0.020))
    tasks = [loop.create_task(child(name, delay)) for name, delay in children]
    task = loop.create_task(parent(tasks))
    await asyncio.sleep(0.010)
    event(f"cancel of b is granted: {tasks[1].cancel()}")
    event(f"main gets {await task}")


loop.run_until_complete(main())
loop.close()
