# Pins: between any two awaits, `current_task` is the task that asks, however many alternate, also
# within a coroutine that it awaits; in callbacks and outside of the loop it is none. Names can be
# given, changed and read from inside.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def who():
    task = asyncio.current_task(loop)
    return "nobody" if task is None else task.get_name()


async def nested():
    event(f"nested, in {who()}")
    await asyncio.sleep(0)
    event(f"still nested, in {who()}")


async def worker(rename):
    event(f"{who()} starts")
    loop.call_soon(lambda: event(f"a callback is run by {who()}"))
    await nested()
    if rename:
        asyncio.current_task().set_name(rename)
    event(f"{who()} is between")
    await asyncio.sleep(0.010)
    event(f"{who()} ends")


async def main():
    a = loop.create_task(worker(None), name="ann")
    b = loop.create_task(worker("bert"), name="bob")
    event(f"{who()} made {a.get_name()} and {b.get_name()}")
    loop.call_later(0.005, lambda: event(f"a timer is run by {who()}"))
    await asyncio.sleep(0.020)
    event(f"{who()} sees {a.get_name()} and {b.get_name()}")


event(f"before: {who()}")
task = loop.create_task(main(), name="main")
task.add_done_callback(lambda _: event(f"a done callback is run by {who()}"))
loop.run_until_complete(task)
event(f"after: {who()}")
loop.close()
