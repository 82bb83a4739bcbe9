# Pins: everything at once, in an order that nobody designed: actors draw what they do next (yield,
# sleep, schedule, cancel, await and set futures, start and join children) from one generator, so
# that the first step out of order changes all that follows. No two timers share a deadline.

import asyncio
from collections import deque

from _virtual_loop import VirtualLoop

loop = VirtualLoop()
event = loop.event


class World:
    def __init__(self):
        self.seed = 0
        self.pending = deque()
        self.timers = deque()
        self.deadlines = set()

    def draw(self, n):
        self.seed = (self.seed * 1664525 + 1013904223) % 2**32
        return (self.seed >> 16) % n

    def delay(self):
        now = round(loop.time() * 1000)
        deadline = now + 1 + self.draw(20)
        while deadline in self.deadlines:
            deadline += 1
        self.deadlines.add(deadline)
        return (deadline - now) / 1000


world = World()


def watch(future, name):
    future.add_done_callback(lambda f: event(f"{name} sees {f.result()}"))


async def act(name, action):
    if action <= 1:
        event(f"{name} yields")
        await asyncio.sleep(0)
    elif action == 2:
        event(f"{name} queues a callback")
        loop.call_soon(event, f"callback of {name}")
    elif action == 3:
        event(f"{name} sets a timer")
        world.timers.append(loop.call_later(world.delay(), event, f"timer of {name}"))
    elif action == 4:
        event(f"{name} cancels one of {len(world.timers)} timers")
        if world.timers:
            world.timers.popleft().cancel()
    elif action == 5:
        event(f"{name} sets one of {len(world.pending)} futures")
        if world.pending:
            world.pending.popleft().set_result(f"what {name} set")
    elif action == 6:
        future = loop.create_future()
        world.pending.append(future)
        event(f"{name} waits")
        event(f"{name} gets {await future}")
    elif action == 7:
        event(f"{name} sleeps")
        await asyncio.sleep(world.delay())
    elif action == 8:
        event(f"{name} watches")
        if world.pending:
            watch(world.pending[-1], name)
    else:
        event(f"{name} starts a child")
        child = loop.create_task(actor(f"{name}'", 3))
        event(f"{name} joins {await child}")


async def actor(name, n_steps):
    for step in range(n_steps):
        await act(f"{name}{step}", world.draw(10))
    event(f"{name} ends")
    return name


async def main():
    tasks = [loop.create_task(actor(name, 8)) for name in "abcde"]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(world.delay())
        event(f"main sets {len(world.pending)} futures")
        while world.pending:
            world.pending.popleft().set_result("what main set")


for seed in range(1, 6):
    world.seed = seed
    event(f"seed {seed}")
    loop.run_until_complete(main())
loop.close()
