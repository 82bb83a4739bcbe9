# Pins: in one turn, timers that are due come behind the callbacks that were ready already, even if
# they have been due for long; among themselves they come in the order of their deadlines. A timer
# made for the past waits for the next turn like any other, and has its place in that order.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def compute():
    event("a callback computes for 50 ms")
    loop.advance(0.050)
    loop.call_soon(event, "what it queued")


async def main():
    loop.call_later(0.030, event, "timer 30")
    loop.call_later(0.010, event, "timer 10")
    loop.call_soon(compute)
    await asyncio.sleep(0)
    event("main resumes in the turn of the computation")
    await asyncio.sleep(0)
    event("main resumes ahead of the timers")
    await asyncio.sleep(0)
    event("main resumes behind the timers")

    loop.call_at(0.045, event, "timer 45, made at 50")
    loop.call_at(0.020, event, "timer 20, made at 50")
    loop.call_later(0, event, "timer 50, made at 50")
    loop.call_soon(event, "a callback made after them")
    event("main has made timers for the past")
    await asyncio.sleep(0)
    event("main resumes ahead of them")
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
