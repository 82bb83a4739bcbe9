# Pins: of nested `wait_for` the one whose limit comes first gives its error, once what it waits for
# has cleaned up; the other one sees it as that error or as a cancel.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


async def child(name):
    try:
        event(f"{name} starts")
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        event(f"{name} is cancelled")
        await asyncio.sleep(0.005)
        event(f"{name} has cleaned up")
        raise
    return name


async def inner(name, limit):
    try:
        await asyncio.wait_for(child(name), limit)
    except TimeoutError:
        event(f"inner is out of time with {name}")
        await asyncio.sleep(0.010)
        return f"no {name}"
    except asyncio.CancelledError:
        event(f"inner is cancelled with {name}")
        raise
    return name


async def outer(name, first, second):
    try:
        value = await asyncio.wait_for(inner(name, first), second)
        event(f"outer gets {value}")
    except TimeoutError:
        event(f"outer is out of time with {name}")


async def main():
    await outer("a", 0.010, 0.040)
    await asyncio.sleep(0.010)
    await outer("b", 0.040, 0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
