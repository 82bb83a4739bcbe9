# Pins: while a job blocks its thread, the loop serves tasks and timers; jobs that end one after
# the other resume their awaiters in that order, and time stands still while only a job is awaited.

import asyncio
import threading

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event
gates = {name: threading.Event() for name in "abc"}


def job(name):
    gates[name].wait()
    return name.upper()


async def awaiter(name):
    event(f"{name} submits")
    result = await loop.run_in_executor(None, job, name)
    event(f"{name} gets {result}")
    return result


async def busy():
    for n in range(3):
        event(f"busy {n}")
        await asyncio.sleep(0.010)
    event("busy ends")


async def main():
    tasks = {name: loop.create_task(awaiter(name)) for name in "abc"}
    await loop.create_task(busy())
    for name in "cab":
        event(f"main lets {name} end")
        gates[name].set()
        event(f"main has {await tasks[name]}")
    event(f"to_thread gives {await asyncio.to_thread(lambda: 6 * 7)}")


loop.run_until_complete(main())
loop.close()
