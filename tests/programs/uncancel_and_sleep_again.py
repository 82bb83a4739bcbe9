# Pins: a task that has swallowed a request and taken it back stands as before it: it may sleep
# again, and the next request works like a first one.

import asyncio

from _virtual_loop import VirtualLoop, end_of

loop = VirtualLoop()
event = loop.event


async def sleeper():
    me = asyncio.current_task()
    for night in (1, 2, 3):
        try:
            event(f"night {night}, requests: {me.cancelling()}")
            await asyncio.sleep(0.020)
            event(f"night {night} was quiet")
        except asyncio.CancelledError as cancelled:
            event(f"woken by {cancelled}, requests: {me.cancelling()}, then {me.uncancel()}")
            await asyncio.sleep(0.005)
            event("asleep again")
    await asyncio.sleep(0.900)
    return "rested"


async def main():
    task = loop.create_task(sleeper())
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel('a dog')}")
    await asyncio.sleep(0.030)
    event(f"cancel is granted: {task.cancel('a cat')}")
    await asyncio.sleep(0.050)
    event(f"cancel is granted: {task.cancel('an owl')}, requests: {task.cancelling()}")
    event(f"the sleeper is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
