# Pins: a body that ends before the deadline gives its value, its own error is its own, and the
# timeout never interrupts what comes behind it.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def limited(name, work, fails):
    value = "none"
    try:
        async with asyncio.timeout(0.020) as limit:
            event(f"{name} begins")
            await asyncio.sleep(work)
            if fails:
                raise ValueError(f"{name} failed")
            value = name.upper()
    except ValueError as error:
        event(f"{name} gets error {error}, expired: {limit.expired()}")
    event(f"{name} is behind the limit, expired: {limit.expired()}")
    await asyncio.sleep(0.050)
    event(f"{name} sleeps undisturbed")
    return value


async def main():
    a = loop.create_task(limited("a", 0.010, False))
    b = loop.create_task(limited("b", 0.012, True))
    await asyncio.sleep(0.030)
    event(f"main sees {outcome(a)}, {outcome(b)}")
    event(f"main gets {await a} and {await b}")


loop.run_until_complete(main())
loop.close()
