# Pins: a server that shuts down cancels its handlers, gives them a grace period, and cancels a
# second time those that are still at it; all have ended when it has.

import asyncio

from _virtual_loop import VirtualLoop, end_of, names, outcome

loop = VirtualLoop()
event = loop.event


async def handler(name, cleanup):
    event(f"{name} serves")
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError:
        try:
            await asyncio.sleep(cleanup)
            event(f"{name} has finished its request")
        except asyncio.CancelledError:
            event(f"{name} drops its request")
            await asyncio.sleep(0.002)
            event(f"{name} is gone")
            raise
        raise
    return name


async def server(tasks):
    try:
        await asyncio.sleep(0.900)
    except asyncio.CancelledError as cancelled:
        event(f"the server shuts down: {cancelled}")
        for task in tasks:
            task.cancel()
        done, pending = await asyncio.wait(tasks, timeout=0.020)
        event(f"in time: {names(done)}, late: {names(pending)}")
        for task in pending:
            task.cancel()
        await asyncio.wait(pending)
        event("the server is down")
        raise
    return "server"


async def main():
    handlers = (("quick", 0.003), ("fair", 0.010), ("slow", 0.500))
    tasks = [loop.create_task(handler(*each), name=each[0]) for each in handlers]
    task = loop.create_task(server(tasks))
    await asyncio.sleep(0.010)
    task.cancel("maintenance")
    event(f"the server is {await end_of(task)}")
    event("the handlers are " + ", ".join(outcome(task) for task in tasks))


loop.run_until_complete(main())
loop.close()
