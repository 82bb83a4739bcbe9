# Pins: an event wakes all who wait, also if it is cleared at once, and nobody who comes later.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def waiter(flag, name, delay):
    await asyncio.sleep(delay)
    event(f"{name} waits, set: {flag.is_set()}")
    await flag.wait()
    event(f"{name} goes on, set: {flag.is_set()}")


async def main():
    flag = asyncio.Event()
    tasks = [loop.create_task(waiter(flag, n, delay)) for n, delay in
             [("a", 0.001), ("b", 0.002), ("c", 0.015), ("d", 0.035)]]
    await asyncio.sleep(0.010)
    flag.set()
    flag.clear()
    await asyncio.sleep(0.020)
    flag.set()
    await asyncio.gather(*tasks)


loop.run_until_complete(main())
loop.close()
