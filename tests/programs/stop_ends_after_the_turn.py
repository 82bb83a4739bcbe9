# Pins: `stop` lets the turn end: what was ready runs, what is queued after that waits for the next
# run. A second `stop` in the turn adds nothing.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def early():
    event("early callback")
    loop.call_soon(event, "callback queued by the early one")


def stop():
    event("stop")
    loop.stop()
    loop.stop()
    loop.call_soon(event, "callback queued after stop")


async def ticker():
    for tick in range(4):
        event(f"tick {tick}")
        await asyncio.sleep(0)
    event("the ticker ends")


task = loop.create_task(ticker())
loop.call_soon(early)
loop.call_soon(stop)
loop.call_soon(event, "callback ready before stop")
event(f"running: {loop.is_running()}")
loop.run_forever()
event(f"left the loop, running: {loop.is_running()}")

loop.call_soon(stop)
loop.call_soon(lambda: event(f"running: {loop.is_running()}"))
loop.run_forever()
event("left the loop again")

loop.call_later(0.010, stop)
loop.run_forever()
event(f"left the loop for good, the ticker is done: {task.done()}")
loop.close()
event(f"closed: {loop.is_closed()}")
