//! One request on its way: who took it, who still decides, who passed it on.
//!
//! A delivery is a tree of rounds. The root is the target's; every scope that somebody inside of it
//! has taken the delivery in has one, below the one of the scope around it. A [`Ticket`] is one
//! share in a round: a token that is undecided, a round of a scope further in, or mail on its way.
//! When the last share of a round is decided, the round is: swallowed by all, it gives up its own
//! share in the round above; passed on by any, its scope ends and decides in turn.
//!
//! All of it lies behind one lock, taken only while a request is being delivered. Wakers are
//! woken after it is released.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use crate::request::Request;
use crate::sync::{Mutex, MutexGuard, lock};

/// One request on its way.
pub(crate) struct Delivery {
    tree: Mutex<Tree>,
    pub(crate) request: Request,
}

struct Tree {
    rounds: Vec<Round>,
    /// Places in `rounds` that may be used again.
    free: Vec<u32>,
    /// The target has ended: nothing that is decided from now on matters.
    settled: bool,
    /// A token was dropped where the target does not reach: it is asked again.
    rearmed: bool,
}

/// A scope's part in a delivery.
struct Round {
    /// The round of the scope around it, in which this one has a share. `None` for the target's.
    above: Option<u32>,
    /// Shares that are not decided.
    n_undecided: u32,
    /// A share was passed on: the scope has to end.
    passed: bool,
    /// Somebody inside has taken a share.
    taken: bool,
    /// All shares were swallowed, and the share above is given up.
    finished: bool,
    /// The scope has ended: what is passed on goes to the round above.
    closed: bool,
    /// What is decided in it does not matter any more; its share above is given up.
    abandoned: bool,
    /// Its share in the round above came by mail: nobody holds that round open.
    mailed: bool,
    /// Whoever polls the scope, while it waits for decisions.
    waker: Option<Waker>,
    /// One for each who has passed it on and wants to know when a scope ends for it.
    marks: Vec<Mark>,
}

/// Goes with what was passed on, outwards, until a scope ends for it: then its maker's is the only
/// one left.
pub(crate) type Mark = Arc<()>;

/// How a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody inside has taken a share.
    Untaken,
    /// Some have, and not all of them have decided.
    Undecided,
    /// All have decided; at least one has passed it on.
    Passed,
    /// All have swallowed it.
    Swallowed,
}

/// The root's place: a delivery begins with it.
const ROOT: u32 = 0;

impl Delivery {
    /// A delivery of `request` with its root round, which the caller holds open.
    pub(crate) fn start(request: Request) -> Arc<Self> {
        Arc::new(Self {
            tree: Mutex::new(Tree {
                rounds: vec![Round::new(None)],
                free: Vec::new(),
                settled: false,
                rearmed: false,
            }),
            request,
        })
    }

    pub(crate) const fn root() -> u32 {
        ROOT
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        lock(&self.tree)
    }

    /// A share in `round`.
    pub(crate) fn ticket(self: &Arc<Self>, round: u32) -> Ticket {
        self.tree().round(round).n_undecided += 1;
        Ticket::new(self, round)
    }

    /// Lets go of a round that was held open for a pass; says how it stands, for the caller to act.
    pub(crate) fn leave(&self, round: u32) -> Standing {
        let mut tree = self.tree();
        let place = tree.round(round);
        place.n_undecided -= 1;
        let standing = place.standing();
        let above = place.above;
        if standing != Standing::Untaken
            && let Some(above) = above
        {
            tree.round(above).taken = true;
        }
        let waker = match standing {
            Standing::Swallowed => tree.settle_round(round),
            _ => None,
        };
        drop(tree);
        wake(waker);
        standing
    }

    /// Gives a share in `round` up.
    fn decide(&self, round: u32, decision: Decision) {
        let mut tree = self.tree();
        let place = tree.round(round);
        place.n_undecided -= 1;
        place.taken = true;
        place.passed |= decision == Decision::PassOn;
        let decided = tree.settle_round(round);
        let target = if decision == Decision::AskAgain {
            tree.rearmed = true;
            tree.round(ROOT).waker.take()
        } else {
            None
        };
        drop(tree);
        wake(decided);
        wake(target);
    }

    pub(crate) fn standing(&self, round: u32) -> Standing {
        self.tree().round(round).standing()
    }

    /// How the round stands; wakes `waker` when the last share in it is decided.
    pub(crate) fn wait(&self, round: u32, waker: &Waker) -> Standing {
        // Cloned before the lock and dropped after it: a waker is foreign code.
        let waker = waker.clone();
        let mut tree = self.tree();
        let place = tree.round(round);
        let old = place.waker.replace(waker);
        // Looked at after the waker is stored: who decides later finds it.
        let standing = place.standing();
        drop(tree);
        drop(old);
        standing
    }

    pub(crate) fn is_taken(&self, round: u32) -> bool {
        self.tree().round(round).taken
    }

    pub(crate) fn is_finished(&self, round: u32) -> bool {
        self.tree().round(round).finished
    }

    /// Has the round's scope end, whatever those inside decide.
    pub(crate) fn pass_round(&self, round: u32, mark: Option<&Mark>) {
        let mut tree = self.tree();
        let place = tree.round(round);
        place.passed = true;
        place.taken = true;
        place.marks.extend(mark.map(Arc::clone));
    }

    /// The scope ends and answers for what was passed on: its share in the round above, as a ticket.
    pub(crate) fn take_passed(self: &Arc<Self>, round: u32) -> Option<Ticket> {
        let mut tree = self.tree();
        if tree.settled {
            return None;
        }
        let place = tree.round(round);
        if !place.passed || place.finished {
            return None;
        }
        place.passed = false;
        place.marks.clear();
        let above = place.above?;
        let place = tree.round(above);
        place.n_undecided += 1;
        place.taken = true;
        Some(Ticket::new(self, above))
    }

    /// The scope is over. What is still undecided inside goes to the round above when it is.
    pub(crate) fn close(&self, round: u32) {
        let mut tree = self.tree();
        let place = tree.round(round);
        place.closed = true;
        place.waker = None;
        if place.finished {
            tree.free_round(round);
            return;
        }
        let waker = tree.settle_round(round);
        drop(tree);
        wake(waker);
    }

    /// The scope had no taker after all. Its share in the round above was never one; one that came
    /// by mail is passed on.
    pub(crate) fn give_back(&self, round: u32) {
        let mut tree = self.tree();
        let place = tree.round(round);
        if place.mailed {
            place.passed = true;
            drop(tree);
            return self.close(round);
        }
        let above = place.above;
        tree.free_round(round);
        let waker = above.and_then(|above| tree.release(above));
        drop(tree);
        wake(waker);
    }

    /// The scope is dropped, and whatever those inside decide, the request ends here.
    pub(crate) fn abandon(&self, round: u32) {
        let mut tree = self.tree();
        let place = tree.round(round);
        if place.finished || place.abandoned {
            return;
        }
        place.abandoned = true;
        place.passed = false;
        place.waker = None;
        place.marks.clear();
        let waker = match place.above {
            Some(above) => {
                tree.round(above).taken = true;
                tree.release(above)
            }
            None => None,
        };
        drop(tree);
        wake(waker);
    }

    pub(crate) fn is_abandoned(&self, round: u32) -> bool {
        let mut tree = self.tree();
        let mut round = Some(round);
        while let Some(index) = round {
            let place = tree.round(index);
            if place.abandoned {
                return true;
            }
            round = place.above;
        }
        false
    }

    /// Forgets a finished round.
    pub(crate) fn forget(&self, round: u32) {
        self.tree().free_round(round);
    }

    /// The target has ended.
    pub(crate) fn settle(&self) {
        let mut tree = self.tree();
        tree.settled = true;
        tree.rounds.iter_mut().for_each(|round| round.marks.clear());
        let wakers: Vec<Waker> = tree
            .rounds
            .iter_mut()
            .filter_map(|round| round.waker.take())
            .collect();
        drop(tree);
        // Scopes that wait for a decision have nothing to wait for.
        drop(wakers);
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.tree().settled
    }

    pub(crate) fn is_rearmed(&self) -> bool {
        self.tree().rearmed
    }

    /// Gives up a share in `round` as if it had never been one.
    fn withdraw(&self, round: u32) {
        let waker = self.tree().release(round);
        wake(waker);
    }

    /// Gives up the share by which a round is held open, where another one keeps it.
    pub(crate) fn release_hold(&self, round: u32) {
        self.tree().round(round).n_undecided -= 1;
    }

    /// Takes the wish of a token that was dropped out of reach: to be delivered again.
    pub(crate) fn take_rearmed(&self) -> bool {
        std::mem::take(&mut self.tree().rearmed)
    }
}

impl Tree {
    fn round(&mut self, round: u32) -> &mut Round {
        &mut self.rounds[round as usize]
    }

    fn add(&mut self, round: Round) -> u32 {
        if let Some(free) = self.free.pop() {
            *self.round(free) = round;
            return free;
        }
        let index = u32::try_from(self.rounds.len()).expect("a round takes more than a byte");
        self.rounds.push(round);
        index
    }

    fn free_round(&mut self, round: u32) {
        if round != ROOT {
            self.round(round).marks.clear();
            self.free.push(round);
        }
    }

    /// Gives up a share that was none; whoever waits for the others may have waited for this one.
    fn release(&mut self, round: u32) -> Option<Waker> {
        let place = self.round(round);
        place.n_undecided -= 1;
        if place.n_undecided > 0 {
            return None;
        }
        self.settle_round(round)
    }

    /// Follows the decision of the last share in `round` upwards; returns whom to wake.
    fn settle_round(&mut self, mut round: u32) -> Option<Waker> {
        loop {
            let place = self.round(round);
            if place.abandoned {
                return None;
            }
            if place.n_undecided > 0 {
                // What is passed on by a scope that is over, the one above hears at once.
                if place.closed && std::mem::take(&mut place.passed) {
                    let mut marks = std::mem::take(&mut place.marks);
                    let above = place.above?;
                    let above = self.round(above);
                    above.passed = true;
                    above.taken = true;
                    above.marks.append(&mut marks);
                }
                return None;
            }
            if place.passed && !place.closed {
                return place.waker.take();
            }
            let passed = place.passed;
            let closed = place.closed;
            let mut marks = std::mem::take(&mut place.marks);
            place.finished = true;
            let Some(above) = place.above else {
                return place.waker.take();
            };
            if closed {
                self.free_round(round);
            }
            let place = self.round(above);
            place.n_undecided -= 1;
            if passed {
                place.passed = true;
                place.taken = true;
                place.marks.append(&mut marks);
            }
            round = above;
        }
    }
}

impl Round {
    /// A round that is held open.
    fn new(above: Option<u32>) -> Self {
        Self {
            above,
            n_undecided: 1,
            passed: false,
            taken: false,
            finished: false,
            closed: false,
            abandoned: false,
            mailed: false,
            waker: None,
            marks: Vec::new(),
        }
    }

    fn standing(&self) -> Standing {
        if !self.taken {
            Standing::Untaken
        } else if self.n_undecided > 0 {
            Standing::Undecided
        } else if self.passed {
            Standing::Passed
        } else {
            Standing::Swallowed
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A share in a round. Dropping it passes the delivery on to that round.
pub(crate) struct Ticket {
    /// `None` once it is decided.
    delivery: Option<Arc<Delivery>>,
    round: u32,
    /// It was sent to a remote scope: nobody holds the round open.
    mailed: bool,
}

impl Ticket {
    fn new(delivery: &Arc<Delivery>, round: u32) -> Self {
        Self {
            delivery: Some(Arc::clone(delivery)),
            round,
            mailed: false,
        }
    }

    pub(crate) fn delivery(&self) -> &Arc<Delivery> {
        self.delivery.as_ref().expect("it is decided only by value")
    }

    pub(crate) fn round(&self) -> u32 {
        self.round
    }

    fn into_parts(mut self) -> (Arc<Delivery>, u32) {
        let delivery = self.delivery.take();
        (delivery.expect("it is decided only by value"), self.round)
    }

    /// Says that the round has a taker.
    pub(crate) fn confirm(&self) {
        self.delivery().tree().round(self.round).taken = true;
    }

    /// A second share in the same round, as mail.
    pub(crate) fn mail(&self) -> Self {
        let mut ticket = self.delivery().ticket(self.round);
        ticket.mailed = true;
        ticket
    }

    /// Makes it a round of its own, for a scope inside, which is held open.
    pub(crate) fn into_round(self) -> (Arc<Delivery>, u32) {
        let mailed = self.mailed;
        let (delivery, above) = self.into_parts();
        let round = Round {
            mailed,
            ..Round::new(Some(above))
        };
        let round = delivery.tree().add(round);
        (delivery, round)
    }

    /// Nobody took it.
    pub(crate) fn give_back(self) {
        if self.mailed {
            // Passed on, by its drop.
            return;
        }
        let (delivery, round) = self.into_parts();
        delivery.withdraw(round);
    }

    /// Gives it up where the scope has another share of the same delivery.
    pub(crate) fn withdraw(self) {
        let (delivery, round) = self.into_parts();
        delivery.withdraw(round);
    }

    pub(crate) fn is_same_delivery(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.delivery(), other.delivery())
    }

    /// Decides: it ends here.
    pub(crate) fn swallow(self) {
        let (delivery, round) = self.into_parts();
        delivery.decide(round, Decision::Swallow);
    }

    /// Asks the target again, and gives the share up.
    pub(crate) fn rearm(self) {
        let (delivery, round) = self.into_parts();
        delivery.decide(round, Decision::AskAgain);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            delivery.decide(self.round, Decision::PassOn);
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("round", &self.round)
            .finish_non_exhaustive()
    }
}

/// What becomes of a share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Swallow,
    PassOn,
    AskAgain,
}
