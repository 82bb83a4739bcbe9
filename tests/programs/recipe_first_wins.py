# Pins: of several equal sources the first good answer wins: failures are passed over, and the
# losers are cancelled and have cleaned up before the answer is used.

import asyncio

from _virtual_loop import VirtualLoop, outcome

loop = VirtualLoop()
event = loop.event


async def source(name, delay, fails):
    event(f"{name} is asked")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        await asyncio.sleep(delay / 100)
        event(f"{name} is called off")
        raise
    event(f"{name} {'fails' if fails else 'answers'}")
    if fails:
        raise ValueError(f"{name} failed")
    return f"the answer of {name}"


async def first_good(tasks):
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            event(f"{task.get_name()} is done: {outcome(task)}")
            if task.exception() is None:
                for loser in pending:
                    loser.cancel()
                await asyncio.wait(pending)
                return task.result()


async def main():
    sources = (("a", 0.010, True), ("b", 0.400, False), ("c", 0.020, False), ("d", 0.900, False))
    tasks = [loop.create_task(source(*each), name=each[0]) for each in sources]
    event(f"main gets {await first_good(tasks)}")
    event("they are " + ", ".join(outcome(task) for task in tasks))


loop.run_until_complete(main())
loop.close()
