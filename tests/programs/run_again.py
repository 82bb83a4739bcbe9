# Pins: one loop runs again and again: tasks, timers and time go on where the last run left them.
# What is ready when the awaited one ends still runs once. A run that is stopped early says so and
# leaves what it waited for pending.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event
gate = loop.create_future()


async def ticker():
    for tick in range(1, 6):
        await asyncio.sleep(0.010)
        event(f"tick {tick}")
    return "all ticks"


async def double(x):
    event(f"doubling {x}")
    await asyncio.sleep(0.014)
    event(f"doubled {x}")
    loop.call_soon(event, f"callback queued when {x} was doubled")
    return 2 * x


background = loop.create_task(ticker())
event(f"first run gives {loop.run_until_complete(double(1))}")
event(f"second run gives {loop.run_until_complete(double(2))}")

loop.call_later(0.004, loop.stop)
try:
    loop.run_until_complete(gate)
except RuntimeError:
    event(f"third run was stopped, the gate is done: {gate.done()}")

loop.call_later(0.004, gate.set_result, "open")
event(f"fourth run gives {loop.run_until_complete(gate)}")
event(f"fifth run gives {loop.run_until_complete(gate)}, which was there")
event(f"sixth run gives {loop.run_until_complete(background)}")
loop.close()
