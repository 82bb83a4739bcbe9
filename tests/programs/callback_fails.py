# Pins: a callback that fails (queued, of a timer, of a finished future) goes to the exception
# handler, once and at once, and everything behind it runs as if nothing had happened.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def fail(text):
    event(f"about to fail: {text}")
    raise ValueError(text)


async def worker():
    for step in range(3):
        event(f"step {step}")
        await asyncio.sleep(0.010)
    return "unharmed"


async def main():
    future = loop.create_future()
    future.add_done_callback(lambda _: event("first done callback"))
    future.add_done_callback(lambda _: fail("done callback"))
    future.add_done_callback(lambda _: event("third done callback"))
    task = loop.create_task(worker())
    loop.call_soon(event, "callback ahead")
    loop.call_soon(fail, "callback")
    loop.call_soon(event, "callback behind")
    loop.call_later(0.005, fail, "timer")
    loop.call_later(0.005, event, "timer behind")
    loop.call_later(0.015, future.set_result, None)
    event(f"the worker returned {await task}")


loop.set_exception_handler(lambda _, context: event(f"the handler gets {context['exception']}"))
loop.run_until_complete(main())
loop.close()
