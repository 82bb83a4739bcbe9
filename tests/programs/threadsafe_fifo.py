# Pins: on the loop's own thread `call_soon_threadsafe` and `call_soon` share one queue, first in,
# first out; what another thread sends comes in the order in which it was sent. After `close`
# it is refused.

import asyncio
import threading

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def other_thread():
    for n in range(4):
        loop.call_soon_threadsafe(event, f"sent by the thread, number {n}")


def join_a_thread():
    thread = threading.Thread(target=other_thread)
    thread.start()
    thread.join()
    event("the thread has sent and ended")


async def stepper(name):
    for step in range(3):
        event(f"{name} takes step {step}")
        loop.call_soon_threadsafe(event, f"{name} sent this in step {step}")
        await asyncio.sleep(0)


async def main():
    loop.call_soon(event, "soon 1")
    loop.call_soon_threadsafe(event, "threadsafe 2")
    loop.create_task(stepper("a"))
    loop.call_soon(event, "soon 3")
    skipped = loop.call_soon_threadsafe(event, "threadsafe, cancelled")
    loop.call_soon_threadsafe(event, "threadsafe 4")
    loop.create_task(stepper("b"))
    loop.call_soon(event, "soon 5")
    skipped.cancel()
    event("main has queued all")
    await asyncio.sleep(0)
    event("main resumes behind them")
    await asyncio.sleep(0.010)
    loop.call_soon(join_a_thread)
    await asyncio.sleep(0.010)
    event("main ends")


loop.run_until_complete(main())
loop.close()
try:
    loop.call_soon_threadsafe(event, "too late")
except RuntimeError:
    event("refused by the closed loop")
