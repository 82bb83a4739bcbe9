//! What a random program does: a tree that a seed grows.

/// A program, and how it is run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) manners: Manners,
    /// Its loop starts tasks in the call that makes them.
    pub(crate) eager: bool,
    /// Its main task is asked to end every millisecond.
    pub(crate) stormy: bool,
    pub(crate) main: Code,
}

/// How a program ends what is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// It asks.
    Asks,
    /// It also drops, and panics: what is cut off by that has no clean-up.
    Drops,
}

/// A piece of a program.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    Pause(Pause),
    /// Sleeps for so long, and fails.
    Fail(u64),
    /// Asks a task to end, and perhaps a scope: of those that there are, the one with this number.
    Ask {
        task: usize,
        takes_back: bool,
        scope: Option<usize>,
    },
    Panic,
    Catch(Box<Self>, Decision),
    OnCancel(Box<Self>, CleanUp),
    FinallyWithin(Box<Self>, CleanUp),
    Hold(Box<Self>),
    Timeout(Option<u64>, Box<Self>),
    Scope {
        sticky: bool,
        asked_after: Option<u64>,
        code: Box<Self>,
    },
    TaskGroup(Box<Group>),
    FutureGroup(Box<Group>),
    Gather(Vec<Self>),
    Race(Vec<Self>),
    TryGather(Vec<Self>),
    Deadline(u64, Box<Self>),
    Await(Box<Start>),
    Shield(Box<Start>),
    WaitFor(u64, Box<Start>),
    Wait {
        tasks: Vec<Start>,
        limit: u64,
        cancels_rest: bool,
    },
    AsCompleted {
        tasks: Vec<Start>,
        most: usize,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Pause {
    Turns(u32),
    Millis(u64),
}

/// What becomes of a request that was caught.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    Swallow,
    Uncancel,
    IntoErr,
    Drop,
    Resume,
    AskAgain,
    CleanUp(CleanUp),
    /// It is kept while this runs, which is no clean-up: further requests end it.
    Keep(Box<Code>),
}

/// Work that is to be done to its end once it has begun.
#[derive(Clone, Debug)]
pub(crate) struct CleanUp {
    pub(crate) pauses: Vec<Pause>,
    /// A part of it takes too long for a limit of its own.
    pub(crate) is_limited: bool,
}

/// A task that is made.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) eager: bool,
    pub(crate) code: Code,
}

/// A group: what its body does with it, and then.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) limit: Option<usize>,
    pub(crate) steps: Vec<GroupStep>,
    pub(crate) body: Code,
}

#[derive(Clone, Debug)]
pub(crate) enum GroupStep {
    /// A child, which the body may await.
    Add {
        child: Start,
        awaited: bool,
    },
    /// A child that adds siblings, and perhaps ends the group.
    AddAdder {
        siblings: Vec<Code>,
        cancels: bool,
    },
    Yield,
    Cancel,
}

/// Pieces that a program may have at most.
const MOST_PIECES: u32 = 300;

impl Program {
    /// The program that `seed` grows. The same one for ever, on every machine.
    pub(crate) fn grow(seed: u64, manners: Manners, depth: u32) -> Self {
        let mut gardener = Gardener {
            dice: Dice::new(seed),
            manners,
            n_left: MOST_PIECES,
        };
        Self {
            manners,
            eager: gardener.dice.one_in(5),
            stormy: gardener.dice.one_in(7),
            main: gardener.code(depth),
        }
    }
}

struct Gardener {
    dice: Dice,
    manners: Manners,
    n_left: u32,
}

impl Gardener {
    fn code(&mut self, depth: u32) -> Code {
        self.n_left = self.n_left.saturating_sub(1);
        let Some(below) = depth.checked_sub(1).filter(|_| self.n_left > 0) else {
            return self.leaf();
        };
        match self.dice.below(26) {
            0..4 => self.leaf(),
            4..13 => self.scope(below),
            13..18 => self.group(below),
            18..21 => self.combinator(below),
            _ => self.awaited(below),
        }
    }

    fn boxed(&mut self, depth: u32) -> Box<Code> {
        Box::new(self.code(depth))
    }

    fn several(&mut self, depth: u32) -> Vec<Code> {
        (0..1 + self.dice.below(4))
            .map(|_| self.code(depth))
            .collect()
    }

    fn leaf(&mut self) -> Code {
        match self.dice.below(5) {
            0 => Code::Pause(Pause::Millis(self.dice.below(20))),
            1 => Code::Pause(Pause::Turns(self.dice.small(4))),
            2 => Code::Fail(self.dice.below(10)),
            3 if self.manners == Manners::Drops && self.dice.one_in(6) => Code::Panic,
            _ => Code::Ask {
                task: self.dice.index(),
                takes_back: self.dice.one_in(4),
                scope: self.dice.one_in(2).then(|| self.dice.index()),
            },
        }
    }

    fn scope(&mut self, depth: u32) -> Code {
        match self.dice.below(9) {
            0 | 1 => Code::Catch(self.boxed(depth), self.decision(depth)),
            2 | 3 => Code::OnCancel(self.boxed(depth), self.clean_up()),
            4 => Code::FinallyWithin(self.boxed(depth), self.clean_up()),
            5 => Code::Hold(self.boxed(depth)),
            6 | 7 => {
                let limit = (!self.dice.one_in(3)).then(|| self.dice.below(15));
                Code::Timeout(limit, self.boxed(depth))
            }
            _ => Code::Scope {
                sticky: self.dice.one_in(3),
                asked_after: self.dice.one_in(2).then(|| self.dice.below(10)),
                code: self.boxed(depth),
            },
        }
    }

    fn decision(&mut self, depth: u32) -> Decision {
        match self.dice.below(8) {
            0 => Decision::Swallow,
            1 => Decision::Uncancel,
            2 => Decision::IntoErr,
            3 => Decision::Drop,
            4 => Decision::Resume,
            5 => Decision::AskAgain,
            6 => Decision::CleanUp(self.clean_up()),
            _ => Decision::Keep(self.boxed(depth)),
        }
    }

    fn clean_up(&mut self) -> CleanUp {
        CleanUp {
            pauses: (0..self.dice.below(3)).map(|_| self.pause()).collect(),
            is_limited: self.dice.one_in(6),
        }
    }

    fn pause(&mut self) -> Pause {
        if self.dice.one_in(2) {
            Pause::Turns(1)
        } else {
            Pause::Millis(self.dice.below(5))
        }
    }

    fn group(&mut self, depth: u32) -> Code {
        let is_tasks = self.dice.below(5) < 3;
        let limit = self.dice.one_in(2).then(|| 1 + self.dice.index() % 3);
        let mut steps = Vec::new();
        for _ in 0..self.dice.below(5) {
            steps.push(GroupStep::Add {
                child: self.start(depth),
                awaited: self.dice.one_in(4),
            });
            if self.dice.one_in(4) {
                steps.push(GroupStep::AddAdder {
                    siblings: (0..self.dice.below(3)).map(|_| self.code(depth)).collect(),
                    cancels: self.dice.one_in(8),
                });
            }
            if self.dice.one_in(4) {
                steps.push(GroupStep::Yield);
            }
        }
        if self.dice.one_in(8) {
            steps.push(GroupStep::Cancel);
        }
        let group = Box::new(Group {
            limit,
            steps,
            body: self.code(depth),
        });
        if is_tasks {
            Code::TaskGroup(group)
        } else {
            Code::FutureGroup(group)
        }
    }

    fn combinator(&mut self, depth: u32) -> Code {
        match (self.manners, self.dice.below(5)) {
            (Manners::Drops, 0) => Code::Race(self.several(depth)),
            (Manners::Drops, 1) => Code::TryGather(self.several(depth)),
            (Manners::Drops, 2) => Code::Deadline(self.dice.below(8), self.boxed(depth)),
            _ => Code::Gather(self.several(depth)),
        }
    }

    fn start(&mut self, depth: u32) -> Start {
        Start {
            eager: self.dice.one_in(3),
            code: self.code(depth),
        }
    }

    fn starts(&mut self, depth: u32) -> Vec<Start> {
        (0..1 + self.dice.below(4))
            .map(|_| self.start(depth))
            .collect()
    }

    fn awaited(&mut self, depth: u32) -> Code {
        match self.dice.below(5) {
            0 => Code::Await(Box::new(self.start(depth))),
            1 => Code::Shield(Box::new(self.start(depth))),
            2 => Code::WaitFor(self.dice.below(10), Box::new(self.start(depth))),
            3 => Code::Wait {
                tasks: self.starts(depth),
                limit: self.dice.below(20),
                cancels_rest: self.dice.one_in(2),
            },
            _ => Code::AsCompleted {
                tasks: self.starts(depth),
                most: 1 + self.dice.index() % 5,
            },
        }
    }
}

/// Random numbers: Marsaglia's xorshift64*.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // Seeds that are close to each other begin alike.
        for _ in 0..5 {
            dice.below(2);
        }
        dice
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn small(&mut self, n: u64) -> u32 {
        u32::try_from(self.below(n)).expect("n is small")
    }

    /// Which of a number of things that is not known yet.
    fn index(&mut self) -> usize {
        usize::try_from(self.below(1 << 16)).expect("it is small")
    }
}
