# Pins: a deadline that is past already, or a limit of 0, lets the body run to its first suspension
# and interrupts it there; a body that does not suspend succeeds.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def in_time(limit):
    try:
        async with limit:
            event("the body does not suspend")
        event(f"it succeeds, expired: {limit.expired()}")
    except TimeoutError:
        event("it is never here")


async def too_late(limit):
    try:
        async with limit:
            event("the body begins")
            try:
                await asyncio.sleep(0.010)
                event("the body is never here")
            except asyncio.CancelledError:
                event(f"the body is interrupted, expired: {limit.expired()}")
                await asyncio.sleep(0.003)
                raise
    except TimeoutError:
        event(f"it is too late, expired: {limit.expired()}")
    await asyncio.sleep(0.010)


async def main():
    await asyncio.sleep(0.100)
    await in_time(asyncio.timeout(0))
    await too_late(asyncio.timeout(0))
    await in_time(asyncio.timeout_at(0.050))
    await too_late(asyncio.timeout_at(0.050))
    await too_late(asyncio.timeout_at(loop.time()))
    event("main ends")


loop.run_until_complete(main())
loop.close()
