# Pins: the order of each kind of queue, also for who waits; and what is refused.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def waiter(queue, name):
    item = await queue.get()
    event(f"{name}: the waiter takes {item}")


async def main():
    for name, queue in [("fifo", asyncio.Queue(4)), ("lifo", asyncio.LifoQueue(4)),
                        ("priority", asyncio.PriorityQueue(4))]:
        task = loop.create_task(waiter(queue, name))
        await asyncio.sleep(0.001)
        for item in [3, 1, 4, 2]:
            queue.put_nowait(item)
        try:
            queue.put_nowait(5)
        except asyncio.QueueFull:
            event(f"{name}: full")
        await task
        while not queue.empty():
            event(f"{name}: {queue.get_nowait()}")
            queue.task_done()
        try:
            queue.get_nowait()
        except asyncio.QueueEmpty:
            event(f"{name}: empty")
        queue.task_done()
        try:
            queue.task_done()
        except ValueError:
            event(f"{name}: nothing is left to be done")
        await queue.join()


loop.run_until_complete(main())
loop.close()
