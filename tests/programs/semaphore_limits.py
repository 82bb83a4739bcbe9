# Pins: no more than two at a time, first come, first served; a release lets one more in.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def worker(semaphore, name, delay):
    await asyncio.sleep(delay)
    async with semaphore:
        event(f"{name} works")
        await asyncio.sleep(0.010)
    event(f"{name} is through")


async def main():
    semaphore = asyncio.Semaphore(2)
    tasks = [loop.create_task(worker(semaphore, name, n * 0.001)) for n, name in enumerate("abcdef", 1)]
    await asyncio.sleep(0.008)
    event(f"locked: {semaphore.locked()}")
    semaphore.release()
    await asyncio.gather(*tasks)
    event(f"locked: {semaphore.locked()}")


loop.run_until_complete(main())
loop.close()
