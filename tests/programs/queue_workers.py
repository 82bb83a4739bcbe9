# Pins: getters and putters of a bounded queue are served in order; join waits until all is done.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def worker(queue, name, delay):
    await asyncio.sleep(delay)
    while True:
        item = await queue.get()
        event(f"{name} takes {item}")
        await asyncio.sleep(0.010)
        queue.task_done()


async def main():
    queue = asyncio.Queue(2)
    workers = [loop.create_task(worker(queue, n, delay)) for n, delay in
               [("a", 0.001), ("b", 0.002), ("c", 0.003)]]
    await asyncio.sleep(0.005)
    for item in range(8):
        await queue.put(item)
        event(f"put {item}")
        await asyncio.sleep(0.002)
    event(f"full: {queue.full()}")
    await queue.join()
    event(f"joined, size: {queue.qsize()}")
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


loop.run_until_complete(main())
loop.close()
