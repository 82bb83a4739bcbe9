# Pins: `stop` before `run_forever` gives exactly one turn, which does not wait: what is ready runs
# once, what that queues stays, timers ahead stay, and the next run is a usual one.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def chain(n):
    event(f"callback {n}")
    if n < 5:
        loop.call_soon(chain, n + 1)


async def ticker():
    for tick in range(4):
        event(f"tick {tick}")
        await asyncio.sleep(0)
    event("the ticker sleeps")
    await asyncio.sleep(0.020)
    event("the ticker ends")


task = loop.create_task(ticker())
loop.call_later(0.010, event, "timer 10")
loop.call_soon(chain, 1)
for turn in range(3):
    loop.stop()
    loop.run_forever()
    event(f"turn {turn} is over")

loop.run_until_complete(task)
event("a usual run")

loop.stop()
loop.run_forever()
event("an empty turn is over")
loop.close()
