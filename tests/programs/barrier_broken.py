# Pins: an aborted barrier fails all until it is reset, and a reset fails those who wait.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def party(barrier, name, delay):
    await asyncio.sleep(delay)
    try:
        place = await barrier.wait()
        event(f"{name} goes on as {place}")
    except asyncio.BrokenBarrierError:
        event(f"{name} finds it broken: {barrier.broken}")


async def main():
    barrier = asyncio.Barrier(2)
    tasks = [loop.create_task(party(barrier, n, delay)) for n, delay in
             [("a", 0.001), ("b", 0.020), ("c", 0.030), ("d", 0.050), ("e", 0.060)]]
    await asyncio.sleep(0.010)
    await barrier.abort()
    event(f"broken: {barrier.broken}")
    await asyncio.sleep(0.015)
    await barrier.reset()
    event(f"broken: {barrier.broken}")
    await asyncio.sleep(0.010)
    event(f"waiting: {barrier.n_waiting}")
    await barrier.reset()
    await asyncio.gather(*tasks)


loop.run_until_complete(main())
loop.close()
