# Pins: a clean-up that awaits runs however the work ends, by a value, an error or a cancel, and the
# end is afterwards what it would have been without it.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def job(name, work, fails):
    try:
        event(f"{name} works")
        await asyncio.sleep(work)
        if fails:
            raise ValueError(f"{name} failed")
        value = name.upper()
    finally:
        event(f"{name} cleans up")
        await asyncio.sleep(0.005)
        event(f"{name} is clean")
    return value


async def main():
    a = loop.create_task(job("a", 0.010, False))
    b = loop.create_task(job("b", 0.012, True))
    c = loop.create_task(job("c", 0.900, False))
    await asyncio.sleep(0.014)
    event(f"cancel is granted: {c.cancel()}")
    event(f"they are {outcome(a)}, {outcome(b)}, {outcome(c)}")
    event(f"c is {await end_of(c)}")
    event(f"they are {outcome(a)}, {outcome(b)}, {outcome(c)}")


loop.run_until_complete(main())
loop.close()
