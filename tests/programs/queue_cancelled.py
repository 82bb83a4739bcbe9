# Pins: a getter and a putter that are cancelled when their turn has come lose and double nothing.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def getter(queue, name):
    try:
        item = await queue.get()
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        raise
    event(f"{name} takes {item}")


async def putter(queue, name):
    try:
        await queue.put(name)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        raise
    event(f"{name} is put")


async def main():
    queue = asyncio.Queue(1)
    getters = []
    for name in ["a", "b"]:
        getters.append(loop.create_task(getter(queue, name)))
        await asyncio.sleep(0.001)
    queue.put_nowait("first")
    getters[0].cancel()
    await asyncio.gather(*getters, return_exceptions=True)
    event(f"size: {queue.qsize()}")
    queue.put_nowait("second")
    putters = []
    for name in ["x", "y"]:
        putters.append(loop.create_task(putter(queue, name)))
        await asyncio.sleep(0.001)
    event(f"got {queue.get_nowait()}")
    putters[0].cancel()
    await asyncio.gather(*putters, return_exceptions=True)
    event(f"got {queue.get_nowait()}, size: {queue.qsize()}")


loop.run_until_complete(main())
loop.close()
