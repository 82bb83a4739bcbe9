# Pins: timers with one deadline fire in the order in which they were made, all in one turn: what
# the first of them queues runs behind the last. Sleepers with one deadline resume in order too.
# (CPython's heap keeps the order of these few; evloop promises it for any number.)

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event
gate = loop.create_future()


def fire(name):
    event(f"timer {name}")
    loop.call_soon(event, f"callback queued by timer {name}")
    if name == "c":
        loop.call_soon(gate.set_result, None)


async def sleeper(name, delays):
    for delay in delays:
        await asyncio.sleep(delay)
        event(f"{name} resumes")


async def main():
    loop.call_at(0.010, fire, "a")
    await asyncio.sleep(0.005)
    event("main makes the second timer for 10 by its delay")
    loop.call_later(0.005, fire, "b")
    loop.call_at(0.010, fire, "c")
    await gate
    await asyncio.sleep(0.005)
    event("main starts the sleepers")
    first = loop.create_task(sleeper("x", [0.015, 0.010]))
    second = loop.create_task(sleeper("y", [0.005, 0.020]))
    third = loop.create_task(sleeper("z", [0.010, 0.015]))
    for task in (first, second, third):
        await task
    event("all three met at 40, in the order in which they went to sleep")


loop.run_until_complete(main())
loop.close()
