# Pins: an error ends its own task only; it reaches whoever awaits the task, at the await, through
# every level, and may be looked at later; the loop and the other tasks go on.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def failing(name, delay):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} fails")
    raise ValueError(f"{name} failed")


async def parent(name, delay):
    task = loop.create_task(failing(f"child of {name}", delay))
    await task
    event(f"{name} is never here")


async def steady():
    for n in range(4):
        event(f"steady {n}")
        await asyncio.sleep(0.010)
    return "steady"


async def main():
    calm = loop.create_task(steady())
    a = loop.create_task(parent("a", 0.005))
    b = loop.create_task(parent("b", 0.015))
    early = loop.create_task(failing("early", 0))
    try:
        await a
    except ValueError as error:
        event(f"main gets error {error}")
    await asyncio.sleep(0.020)
    event(f"b is {outcome(b)}")
    event(f"early is {outcome(early)}")
    try:
        await early
    except ValueError as error:
        event(f"main gets error {error}")
    event(f"calm returns {await calm}")


loop.run_until_complete(main())


async def last():
    await asyncio.sleep(0.001)
    raise ValueError("last failed")


try:
    loop.run_until_complete(last())
except ValueError as error:
    event(f"the run gives error {error}")
loop.close()
