# Pins: a connection that is cancelled says goodbye within a grace period, is aborted when the other
# side does not answer in it, and is closed in either case.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def goodbye(name, answer):
    try:
        async with asyncio.timeout(0.010):
            event(f"{name} says goodbye")
            await asyncio.sleep(answer)
            event(f"{name} is answered")
    except TimeoutError:
        event(f"{name} is aborted")


async def connection(name, answer):
    event(f"{name} is open")
    try:
        for n in range(100):
            await asyncio.sleep(0.012)
            event(f"{name} sends {n}")
    except asyncio.CancelledError:
        await goodbye(name, answer)
        raise
    finally:
        await asyncio.sleep(0.001)
        event(f"{name} is closed")
    return name


async def main():
    polite = loop.create_task(connection("polite", 0.005))
    await asyncio.sleep(0.003)
    mute = loop.create_task(connection("mute", 0.900))
    await asyncio.sleep(0.017)
    event(f"cancels are granted: {polite.cancel()} {mute.cancel()}")
    event(f"polite is {await end_of(polite)}, mute is {outcome(mute)}")
    event(f"mute is {await end_of(mute)}")


loop.run_until_complete(main())
loop.close()
