# Pins: `wait_for` gives the value or the error of what ends in time, of coroutines, tasks and
# futures alike, and lets no time pass that it does not need.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name, delay, fails):
    event(f"{name} starts")
    await asyncio.sleep(delay)
    event(f"{name} ends")
    if fails:
        raise ValueError(f"{name} failed")
    return name.upper()


async def main():
    event(f"main gets {await asyncio.wait_for(child('a', 0.010, False), 0.020)}")
    task = loop.create_task(child("b", 0.015, True))
    await asyncio.sleep(0.001)
    try:
        await asyncio.wait_for(task, 0.020)
    except ValueError as error:
        event(f"main gets error {error}")
    future = loop.create_future()
    loop.call_later(0.010, future.set_result, "F")
    event(f"main gets {await asyncio.wait_for(future, 0.020)}")
    event(f"main gets {await asyncio.wait_for(child('c', 0.030, False), None)}")


loop.run_until_complete(main())
loop.close()
