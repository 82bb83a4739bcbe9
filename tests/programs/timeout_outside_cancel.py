# Pins: a cancel from outside before the deadline passes through a timeout as a cancel: it is no
# timeout, it has not expired, and the clean-up is not limited by it any more than the body.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def worker(name, cleanup):
    try:
        async with asyncio.timeout(0.050) as limit:
            try:
                event(f"{name} works")
                await asyncio.sleep(0.900)
            except asyncio.CancelledError:
                event(f"{name} is interrupted, expired: {limit.expired()}")
                await asyncio.sleep(cleanup)
                event(f"{name} is clean, expired: {limit.expired()}")
                raise
    except TimeoutError:
        event(f"{name} is out of time, which is never so")
    except asyncio.CancelledError:
        event(f"{name} passes it on, expired: {limit.expired()}")
        await asyncio.sleep(0.001)
        raise
    return name


async def main():
    a = loop.create_task(worker("a", 0.010))
    b = loop.create_task(worker("b", 0.012))
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {a.cancel()}")
    await asyncio.sleep(0.001)
    event(f"cancel is granted: {b.cancel()}")
    event(f"a is {await end_of(a)}, b is {outcome(b)}")
    event(f"b is {await end_of(b)}")


loop.run_until_complete(main())
loop.close()
