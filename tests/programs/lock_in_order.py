# Pins: a lock goes to who waits in the order of arrival, and stays with them across awaits.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def worker(lock, name, delay):
    await asyncio.sleep(delay)
    event(f"{name} asks")
    async with lock:
        event(f"{name} has the lock")
        await asyncio.sleep(0.010)
        event(f"{name} unlocks")
    event(f"{name} is through")


async def main():
    lock = asyncio.Lock()
    tasks = [loop.create_task(worker(lock, n, delay)) for n, delay in
             [("a", 0.001), ("b", 0.002), ("c", 0.003), ("d", 0.025)]]
    await asyncio.gather(*tasks)
    event(f"locked: {lock.locked()}")


loop.run_until_complete(main())
loop.close()
