# Pins: a barrier lets its parties go on together, with their places, round after round; who is cancelled does not count.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def party(barrier, name, delay):
    for round in range(2):
        await asyncio.sleep(delay)
        event(f"{name} arrives, waiting: {barrier.n_waiting}")
        place = await barrier.wait()
        event(f"{name} goes on as {place}")


async def main():
    barrier = asyncio.Barrier(3)
    leaver = loop.create_task(barrier.wait())
    await asyncio.sleep(0.001)
    event(f"waiting: {barrier.n_waiting}")
    leaver.cancel()
    await asyncio.wait([leaver])
    event(f"waiting: {barrier.n_waiting}, the leaver is cancelled: {leaver.cancelled()}")
    tasks = [loop.create_task(party(barrier, n, delay)) for n, delay in
             [("a", 0.001), ("b", 0.002), ("c", 0.003)]]
    await asyncio.gather(*tasks)


loop.run_until_complete(main())
loop.close()
