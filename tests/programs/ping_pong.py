# Pins: setting a future hands the turn to its awaiter and lets the setter go on first; two tasks
# that set each other's futures alternate strictly.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event
strokes = [loop.create_future() for _ in range(7)]


async def player(name, mine):
    for n in mine:
        ball = await strokes[n]
        event(f"{name} gets {ball}")
        if n + 1 < len(strokes):
            strokes[n + 1].set_result(f"{ball}{n}")
            event(f"{name} has returned it")
    event(f"{name} leaves")


async def main():
    ping = loop.create_task(player("ping", [0, 2, 4, 6]))
    pong = loop.create_task(player("pong", [1, 3, 5]))
    await asyncio.sleep(0.010)
    event("main serves")
    strokes[0].set_result("ball:")
    event("main has served")
    await ping
    await pong
    event("main ends")


loop.run_until_complete(main())
loop.close()
