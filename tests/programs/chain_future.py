# Pins: cancelling a task that awaits a future cancels the future: it refuses a value from then on,
# and the task may go on with another one.

import asyncio

from _virtual_loop import VirtualLoop, end_of, outcome

loop = VirtualLoop()
event = loop.event


async def reader(future, spare):
    try:
        value = await future
    except asyncio.CancelledError:
        event(f"the reader is cancelled, its future is {outcome(future)}")
        await asyncio.sleep(0.005)
        event("the reader turns to the spare one")
        value = await spare
    event(f"the reader has {value}")
    return value


def answer(name, future, value):
    event(f"{name} is still open: {not future.done()}")
    if not future.done():
        future.set_result(value)


async def main():
    future, spare = loop.create_future(), loop.create_future()
    future.add_done_callback(lambda f: event(f"callback sees the future {outcome(f)}"))
    task = loop.create_task(reader(future, spare))
    loop.call_later(0.020, answer, "the future", future, "late news")
    loop.call_later(0.030, answer, "the spare one", spare, "old news")
    await asyncio.sleep(0.010)
    event(f"cancel is granted: {task.cancel()}")
    await asyncio.sleep(0.012)
    event(f"future {outcome(future)}, spare {outcome(spare)}, reader {outcome(task)}")
    event(f"the reader is {await end_of(task)}")


loop.run_until_complete(main())
loop.close()
