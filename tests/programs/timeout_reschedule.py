# Pins: the deadline of a timeout may be moved later, earlier or away while its body runs; the last
# one counts, and none at all lets the body take what it needs.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def limited(name, first, moves):
    try:
        async with asyncio.timeout(first) as limit:
            for wait, again in moves:
                await asyncio.sleep(wait)
                limit.reschedule(None if again is None else loop.time() + again)
                when = "none" if limit.when() is None else f"{round(limit.when() * 1000)} ms"
                event(f"the limit of {name} is now {when}")
            await asyncio.sleep(0.200)
            event(f"{name} has slept enough")
    except TimeoutError:
        event(f"{name} is out of time")
    event(f"{name} leaves, expired: {limit.expired()}")


async def main():
    await asyncio.gather(
        limited("later", 0.020, [(0.010, 0.030), (0.025, 0.040)]),
        limited("earlier", 0.500, [(0.011, 0.050)]),
        limited("none", 0.020, [(0.012, None)]),
        limited("back again", None, [(0.013, 0.150), (0.021, None), (0.031, 0.100)]),
    )
    event("main ends")


loop.run_until_complete(main())
loop.close()
