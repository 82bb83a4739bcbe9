# Pins: done callbacks run in the order of their registration, never inside the call that finishes
# the future and never inside the registration on a finished one; removal counts and takes out
# every registration of the same callback.

import asyncio

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


def repeated(_):
    event("a removed callback")


async def main():
    future = loop.create_future()
    future.add_done_callback(lambda f: event(f"callback 1 sees {f.result()}"))
    for _ in range(3):
        future.add_done_callback(repeated)
    future.add_done_callback(adds_another)
    future.add_done_callback(lambda f: event(f"callback 3 sees {f.result()}"))
    event(f"removed {future.remove_done_callback(repeated)}")
    event(f"removed {future.remove_done_callback(repeated)}")
    loop.call_soon(event, "a callback queued before the result")
    future.set_result("A")
    loop.call_soon(event, "a callback queued after the result")
    event("the result is set, no callback has run")
    await asyncio.sleep(0)
    event("main resumes behind the callbacks")
    await asyncio.sleep(0.010)

    future.add_done_callback(lambda f: event(f"callback 4 sees {f.result()}"))
    event("added to a finished future")
    await asyncio.sleep(0)
    event("main resumes behind callback 4")
    await asyncio.sleep(0.010)
    event("main ends")


def adds_another(future):
    event(f"callback 2 sees {future.result()} and adds one")
    future.add_done_callback(lambda f: event(f"the added one sees {f.result()}"))
    event("callback 2 ends")


loop.run_until_complete(main())
loop.close()
