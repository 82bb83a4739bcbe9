# Pins: waiters that are cancelled leave the queue; one that is cancelled when its turn has come passes it on.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def worker(lock, name):
    try:
        async with lock:
            event(f"{name} has the lock")
            await asyncio.sleep(0.010)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        raise


async def main():
    lock = asyncio.Lock()
    tasks = {}
    for name in "abcde":
        tasks[name] = loop.create_task(worker(lock, name))
        await asyncio.sleep(0.001)
    tasks["b"].cancel()
    await asyncio.sleep(0.001)
    event(f"locked: {lock.locked()}")
    tasks["a"].cancel()
    tasks["c"].cancel()
    await asyncio.wait(tasks.values())
    event(f"locked: {lock.locked()}")


loop.run_until_complete(main())
loop.close()
