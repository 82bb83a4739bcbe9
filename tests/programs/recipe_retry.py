# Pins: retries with a limit for each attempt and a deadline over all: attempts that fail or take
# too long are repeated after a growing pause, until one succeeds or the deadline comes.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def attempt(name, n, script):
    what, work = script[n] if n < len(script) else ("hangs", 0.900)
    event(f"{name}: attempt {n}")
    try:
        await asyncio.sleep(work)
    except asyncio.CancelledError:
        await asyncio.sleep(0.001)
        event(f"{name}: attempt {n} is hung up")
        raise
    if what == "fails":
        raise ValueError("busy")
    return f"{name} after {n + 1} attempts"


async def retry(name, script):
    pause = 0.005
    for n in range(10):
        try:
            async with asyncio.timeout(0.020):
                return await attempt(name, n, script)
        except TimeoutError:
            event(f"{name}: too slow")
        except ValueError as error:
            event(f"{name}: {error}")
        await asyncio.sleep(pause)
        pause *= 2


async def call(name, script, deadline):
    try:
        async with asyncio.timeout(deadline):
            event(f"main gets {await retry(name, script)}")
    except TimeoutError:
        event(f"main gives up on {name}")


async def main():
    await call("lucky", [("fails", 0.003), ("hangs", 0.900), ("works", 0.008)], 0.200)
    await call("luckless", [("fails", 0.004), ("fails", 0.002)], 0.055)


loop.run_until_complete(main())
loop.close()
