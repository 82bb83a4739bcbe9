# Pins: when two tasks await one future, cancelling one of them cancels the future and so interrupts
# the other, to whom no request was made.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def reader(name, delay, future):
    await asyncio.sleep(delay)
    event(f"{name} waits")
    try:
        value = await future
    except asyncio.CancelledError:
        await asyncio.sleep(delay)
        event(f"{name} is interrupted, requests: {asyncio.current_task().cancelling()}")
        raise
    return value


async def main():
    future = loop.create_future()
    a = loop.create_task(reader("a", 0.001, future))
    b = loop.create_task(reader("b", 0.002, future))
    await asyncio.sleep(0.010)
    event(f"cancel of b is granted: {b.cancel()}")
    await asyncio.sleep(0.005)
    event(f"a is {outcome(a)}, b is {outcome(b)}, the future is {outcome(future)}")
    c = loop.create_task(reader("c", 0.003, future))
    await asyncio.sleep(0.010)
    event(f"c is {outcome(c)}")


loop.run_until_complete(main())
loop.close()
