# Pins: a watchdog is a timeout that every sign of life moves on: it lets a slow but lively task
# work as long as it likes and interrupts one that has fallen silent.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def machine(limit, beats):
    for n, pause in enumerate(beats):
        await asyncio.sleep(pause)
        limit.reschedule(loop.time() + 0.020)
        event(f"beat {n}, the watchdog waits until {round(limit.when() * 1000)} ms")
    return f"{len(beats)} beats"


async def watched(beats):
    try:
        async with asyncio.timeout(0.020) as limit:
            try:
                value = await machine(limit, beats)
            except asyncio.CancelledError:
                event("the machine has fallen silent")
                await asyncio.sleep(0.005)
                event("the machine is switched off")
                raise
        event(f"the machine has done {value}, expired: {limit.expired()}")
    except TimeoutError:
        event(f"the watchdog barks, expired: {limit.expired()}")


async def main():
    await watched([0.015, 0.010, 0.015, 0.005])
    await asyncio.sleep(0.050)
    event("the dog sleeps")
    await watched([0.015, 0.010, 0.500])
    event("main ends")


loop.run_until_complete(main())
loop.close()
