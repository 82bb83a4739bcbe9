//! PP-04: a task against a small model of its states: legal transitions only, each coroutine
//! dropped once, one result, callbacks once and in order.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use evloop_executor::LocalExecutor;
use evloop_task::{CallbackId, JoinError, Task, TaskResult};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};
use proptest::test_runner::TestCaseError;

use crate::support::{Guest, Tally};

/// How a coroutine behaves at its next poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Suspend,
    Return,
    Panic,
}

#[derive(Clone, Debug)]
enum Op {
    Spawn { local: bool },
    Wake(usize),
    Follow(usize, Script),
    Cancel(usize),
    Uncancel(usize),
    DropHandle(usize),
    AddCallback(usize),
    RemoveCallback(usize),
    Read(usize),
    Await(usize),
    Turn,
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let task = 0..4_usize;
    prop_oneof![
        3 => any::<bool>().prop_map(|local| Op::Spawn { local }),
        2 => task.clone().prop_map(Op::Wake),
        2 => (task.clone(), prop_oneof![Just(Script::Return), Just(Script::Panic)])
            .prop_map(|(task, script)| Op::Follow(task, script)),
        2 => task.clone().prop_map(Op::Cancel),
        1 => task.clone().prop_map(Op::Uncancel),
        1 => task.clone().prop_map(Op::DropHandle),
        3 => task.clone().prop_map(Op::AddCallback),
        1 => task.clone().prop_map(Op::RemoveCallback),
        2 => task.clone().prop_map(Op::Read),
        2 => task.prop_map(Op::Await),
        5 => Just(Op::Turn),
        1 => proptest::bool::weighted(0.2).prop_map(|ends| if ends { Op::Close } else { Op::Turn }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Finished,
    Panicked,
    Cancelled,
    Taken,
}

/// What a done callback saw: task, callback, result.
type Seen = (usize, usize, End);

struct Model {
    tasks: Vec<ModelTask>,
    queue: VecDeque<Job>,
    log: Vec<Seen>,
    closed: bool,
    n_callbacks: usize,
}

enum Job {
    Step(usize),
    Callbacks(usize, Vec<usize>, Option<End>),
}

struct ModelTask {
    script: Script,
    queued: bool,
    adopted: bool,
    due: bool,
    n_requests: usize,
    end: Option<End>,
    taken: bool,
    has_handle: bool,
    callbacks: Vec<usize>,
    n_runs: usize,
}

impl Model {
    fn spawn(&mut self) {
        let index = self.tasks.len();
        self.tasks.push(ModelTask {
            script: Script::Suspend,
            queued: true,
            adopted: false,
            due: false,
            n_requests: 0,
            end: None,
            taken: false,
            has_handle: true,
            callbacks: Vec::new(),
            n_runs: 0,
        });
        self.queue.push_back(Job::Step(index));
    }

    fn wake(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        if task.end.is_none() && !task.queued {
            task.queued = true;
            self.queue.push_back(Job::Step(index));
        }
    }

    fn cancel(&mut self, index: usize) -> bool {
        let task = &mut self.tasks[index];
        if task.end.is_some() {
            return false;
        }
        task.n_requests += 1;
        task.due = true;
        if task.adopted {
            self.wake(index);
        }
        true
    }

    fn uncancel(&mut self, index: usize) -> usize {
        let task = &mut self.tasks[index];
        task.n_requests = task.n_requests.saturating_sub(1);
        task.due &= task.n_requests > 0;
        task.n_requests
    }

    fn step(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        task.queued = false;
        task.end = match task.script {
            _ if task.due => Some(End::Cancelled),
            Script::Return => Some(End::Finished),
            Script::Panic => Some(End::Panicked),
            Script::Suspend => {
                task.adopted = true;
                None
            }
        };
        if task.end.is_some() {
            self.queue_callbacks(index);
        }
    }

    fn queue_callbacks(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        let callbacks = std::mem::take(&mut task.callbacks);
        if !callbacks.is_empty() {
            task.n_runs += 1;
            self.queue
                .push_back(Job::Callbacks(index, callbacks, task.end));
        }
    }

    fn turn(&mut self) {
        for _ in 0..self.queue.len() {
            match self.queue.pop_front().expect("it is as long as it was") {
                Job::Step(index) => self.step(index),
                Job::Callbacks(index, callbacks, end) => {
                    if end != Some(End::Taken) {
                        self.tasks[index].n_runs -= 1;
                    }
                    let seen = callbacks
                        .into_iter()
                        .map(|id| (index, id, end.expect("it is done")));
                    self.log.extend(seen);
                }
            }
        }
    }

    fn add_callback(&mut self, index: usize) -> usize {
        let id = self.n_callbacks;
        self.n_callbacks += 1;
        let task = &mut self.tasks[index];
        if task.taken {
            self.queue
                .push_back(Job::Callbacks(index, vec![id], Some(End::Taken)));
        } else {
            task.callbacks.push(id);
            if task.end.is_some() {
                self.queue_callbacks(index);
            }
        }
        id
    }

    fn await_once(&mut self, index: usize) -> Option<End> {
        let task = &mut self.tasks[index];
        if task.taken {
            return Some(End::Taken);
        }
        let end = task.end.filter(|_| task.n_runs == 0)?;
        task.taken = true;
        Some(end)
    }

    fn close(&mut self) {
        self.closed = true;
        self.queue.clear();
        for task in &mut self.tasks {
            task.end.get_or_insert(End::Cancelled);
            task.callbacks.clear();
            task.n_runs = 0;
        }
    }
}

struct Real {
    executor: Option<LocalExecutor>,
    tasks: Vec<RealTask>,
    tally: Tally,
    log: Arc<Mutex<Vec<Seen>>>,
}

struct RealTask {
    handle: Option<Task<Guest>>,
    control: Arc<Mutex<(Script, Option<Waker>)>>,
    last_callback: Option<CallbackId>,
}

fn end_of(result: &TaskResult<Guest>) -> End {
    match result {
        Ok(_) => End::Finished,
        Err(JoinError::Panicked(_)) => End::Panicked,
        Err(JoinError::Cancelled(_)) => End::Cancelled,
        Err(_) => End::Taken,
    }
}

impl Real {
    fn spawn(&mut self, local: bool) {
        let control = Arc::new(Mutex::new((Script::Suspend, None)));
        let (script, guest, tally) = (Arc::clone(&control), self.tally.guest(), self.tally.clone());
        let coroutine = poll_fn(move |cx| {
            let _guest = &guest;
            let mut control = script
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            control.1 = Some(cx.waker().clone());
            match control.0 {
                Script::Suspend => Poll::Pending,
                Script::Return => Poll::Ready(tally.guest()),
                Script::Panic => {
                    drop(control);
                    std::panic::resume_unwind(Box::new("scripted"));
                }
            }
        });
        let executor = self.executor.as_ref().expect("it is open");
        let handle = if local {
            executor.spawn_local(coroutine)
        } else {
            executor.spawn(coroutine)
        };
        self.tasks.push(RealTask {
            handle: Some(handle),
            control,
            last_callback: None,
        });
    }

    fn wake(&self, index: usize) {
        let waker = self.tasks[index].control.lock().unwrap().1.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn add_callback(&mut self, index: usize, id: usize) {
        let log = Arc::clone(&self.log);
        let guest = self.tally.guest();
        let Some(handle) = &self.tasks[index].handle else {
            return;
        };
        let callback = handle.add_done_callback(move |result| {
            let _guest = guest;
            log.lock().unwrap().push((index, id, end_of(result)));
        });
        self.tasks[index].last_callback = Some(callback);
    }
}

/// Plays one operation on both, and compares what it returned.
fn play(op: &Op, model: &mut Model, real: &mut Real) -> Result<(), TestCaseError> {
    let exists = |index: usize| index < model.tasks.len();
    match *op {
        Op::Spawn { local } if !model.closed && model.tasks.len() < 4 => {
            model.spawn();
            real.spawn(local);
        }
        Op::Turn if !model.closed => {
            model.turn();
            let executor = real.executor.as_ref().expect("it is open");
            executor.run_ready(executor.n_ready());
        }
        Op::Close if !model.closed => {
            model.close();
            real.executor = None;
        }
        Op::Wake(index) if exists(index) => {
            if model.tasks[index].adopted {
                model.wake(index);
            }
            real.wake(index);
        }
        Op::Follow(index, script) if exists(index) => {
            model.tasks[index].script = script;
            real.tasks[index].control.lock().unwrap().0 = script;
        }
        Op::DropHandle(index) if exists(index) => {
            model.tasks[index].has_handle = false;
            drop(real.tasks[index].handle.take());
        }
        Op::Cancel(index)
        | Op::Uncancel(index)
        | Op::AddCallback(index)
        | Op::RemoveCallback(index)
        | Op::Read(index)
        | Op::Await(index)
            if exists(index) && model.tasks[index].has_handle =>
        {
            play_on_handle(op, index, model, real)?;
        }
        _ => {}
    }
    Ok(())
}

fn play_on_handle(
    op: &Op,
    index: usize,
    model: &mut Model,
    real: &mut Real,
) -> Result<(), TestCaseError> {
    let handle = real.tasks[index].handle.as_mut().expect("the model has it");
    match op {
        Op::Cancel(_) => prop_assert_eq!(handle.cancel(), model.cancel(index)),
        // The end of an executor is a request of its own.
        Op::Uncancel(_) if !model.closed => {
            prop_assert_eq!(handle.uncancel(), model.uncancel(index));
        }
        Op::Read(_) => {
            let task = &model.tasks[index];
            let expected = task.end.filter(|_| !task.taken);
            prop_assert_eq!(handle.result().ok().map(end_of), expected);
        }
        Op::Await(_) => {
            let polled = Pin::new(handle).poll(&mut Context::from_waker(Waker::noop()));
            let got = match polled {
                Poll::Ready(result) => Some(end_of(&result)),
                Poll::Pending => None,
            };
            prop_assert_eq!(got, model.await_once(index));
        }
        // Callbacks of an ended executor have tests of their own.
        Op::AddCallback(_) if !model.closed => {
            let id = model.add_callback(index);
            real.add_callback(index, id);
        }
        Op::RemoveCallback(_) => {
            if let Some(last) = real.tasks[index].last_callback {
                let handle = real.tasks[index].handle.as_ref().expect("the model has it");
                let n_removed = handle.remove_done_callback(last);
                let waits = !model.tasks[index].callbacks.is_empty();
                prop_assert_eq!(n_removed, usize::from(waits));
                model.tasks[index].callbacks.pop();
                real.tasks[index].last_callback = None;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What must hold after every operation.
fn compare(model: &Model, real: &Real) -> Result<(), TestCaseError> {
    for (task, real) in model.tasks.iter().zip(&real.tasks) {
        let Some(handle) = &real.handle else { continue };
        prop_assert_eq!(handle.done(), task.end.is_some());
        prop_assert_eq!(handle.cancelled(), task.end == Some(End::Cancelled));
        if !model.closed {
            prop_assert_eq!(handle.cancelling(), task.n_requests);
        }
    }
    prop_assert_eq!(&*real.log.lock().unwrap(), &model.log);
    Ok(())
}

fn check(ops: &[Op]) -> Result<(), TestCaseError> {
    let mut model = Model {
        tasks: Vec::new(),
        queue: VecDeque::new(),
        log: Vec::new(),
        closed: false,
        n_callbacks: 0,
    };
    let executor = LocalExecutor::new();
    executor.set_reporter(Some(Arc::new(|_| {})));
    let tally = Tally::default();
    let mut real = Real {
        executor: Some(executor),
        tasks: Vec::new(),
        tally: tally.clone(),
        log: Arc::default(),
    };
    for op in ops {
        play(op, &mut model, &mut real)?;
        compare(&model, &real)?;
    }
    drop(real);
    prop_assert_eq!(
        tally.live(),
        0,
        "every coroutine, output and callback is dropped"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pp04_a_task_does_what_its_model_does(ops in proptest::collection::vec(op(), 1..60)) {
        check(&ops)?;
    }
}
