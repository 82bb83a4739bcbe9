# Pins: each request is delivered once: a task that refuses is asked again only by the next request,
# wherever it then is.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def stubborn():
    for answer in ("no", "not yet", "almost"):
        try:
            await asyncio.sleep(0.900)
        except asyncio.CancelledError as cancelled:
            event(f"asked {cancelled}, it says {answer}")
        await asyncio.sleep(0.002)
        event("it works on")
    await asyncio.sleep(0.900)
    return "never"


async def main():
    task = loop.create_task(stubborn())
    for question in ("once", "twice", "thrice"):
        await asyncio.sleep(0.010)
        event(f"main asks {question}: {task.cancel(question)}")
    await asyncio.sleep(0.010)
    event(f"after three requests it is {outcome(task)}")
    event(f"main asks again: {task.cancel('again')}")
    event(f"now it is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
