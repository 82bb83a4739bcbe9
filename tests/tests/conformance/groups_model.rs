//! PP-06: random programs of groups, limits and requests, against what must hold at every exit.
//!
//! After each group, the task's count of requests is the number that others made; a limit that has
//! passed is reported, unless code inside refused; a request from outside is never swallowed, except
//! by code that says so; and no child outlives its group.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use evloop::{
    Handle, TaskGroup, TaskResult, catch_cancel, create_task, current_task, on_cancel, sleep,
    timeout,
};
use evloop_tests::virtual_loop;
use evloop_tests::watchdog::Watchdog;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq, proptest};

/// What a piece of a program does.
#[derive(Clone, Debug)]
enum Step {
    Sleep(u64),
    /// Sleeps; asked to end, cleans up for so long and passes the request on.
    CleanUp(u64),
    /// Sleeps; asked to end, refuses.
    Refuse,
    Fail,
    /// Ends the innermost group.
    CancelGroup,
    /// A child of the innermost group.
    Spawn(Vec<Step>),
    Group(Vec<Step>),
    Limit(u64, Vec<Step>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        4 => (0..40_u64).prop_map(Step::Sleep),
        4 => (0..40_u64).prop_map(Step::CleanUp),
        1 => Just(Step::Refuse),
        1 => Just(Step::Fail),
        1 => Just(Step::CancelGroup),
    ];
    let step = leaf.prop_recursive(4, 40, 5, |inner| {
        let steps = vec(inner, 0..5);
        prop_oneof![
            3 => steps.clone().prop_map(Step::Spawn),
            2 => steps.clone().prop_map(Step::Group),
            2 => (0..60_u64, steps).prop_map(|(limit, steps)| Step::Limit(limit, steps)),
        ]
    });
    vec(step, 1..6)
}

/// What is known of one task, and of the whole program.
struct Watch {
    program: Arc<Program>,
    /// Requests that the test made to this task; a child's are its group's.
    n_asked: AtomicUsize,
    is_child: bool,
    n_refused: AtomicUsize,
    /// A group has given errors, and nothing was awaited since.
    has_failed_now: AtomicBool,
}

#[derive(Default)]
struct Program {
    n_children: AtomicUsize,
    n_groups: AtomicUsize,
    n_expired: AtomicUsize,
}

impl Watch {
    fn new(program: &Arc<Program>, is_child: bool) -> Arc<Self> {
        Arc::new(Self {
            program: Arc::clone(program),
            n_asked: AtomicUsize::new(0),
            is_child,
            n_refused: AtomicUsize::new(0),
            has_failed_now: AtomicBool::new(false),
        })
    }

    fn suspends(&self) {
        self.has_failed_now.store(false, Ordering::Relaxed);
    }

    /// The count of requests is what others made: limits and groups have left it alone.
    fn check_count(&self) {
        let counted = current_task().expect("a task runs it").cancelling();
        if self.is_child {
            assert!(counted <= 1, "its group asks once: {counted}");
        } else {
            assert_eq!(counted, self.n_asked.load(Ordering::Relaxed));
        }
    }
}

/// Counts a child as long as it is there.
struct Alive(Arc<AtomicUsize>, Arc<Program>);

impl Alive {
    fn new(in_group: &Arc<AtomicUsize>, program: &Arc<Program>) -> Self {
        in_group.fetch_add(1, Ordering::Relaxed);
        program.n_children.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(in_group), Arc::clone(program))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        self.1.n_children.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The innermost group, and how many children it has.
type Place = Option<(TaskGroup, Arc<AtomicUsize>)>;
type Run = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

fn run(steps: Vec<Step>, place: Place, watch: Arc<Watch>) -> Run {
    Box::pin(async move {
        for step in steps {
            take(step, &place, &watch).await?;
        }
        Ok(())
    })
}

async fn take(step: Step, place: &Place, watch: &Arc<Watch>) -> Result<(), &'static str> {
    match step {
        Step::Sleep(delay) => {
            watch.suspends();
            sleep(ms(delay)).await;
        }
        Step::CleanUp(delay) => {
            watch.suspends();
            on_cancel(sleep(ms(25)), || async { sleep(ms(delay)).await }).await;
        }
        Step::Refuse => {
            watch.suspends();
            if let Err(cancelled) = catch_cancel(sleep(ms(30))).await {
                watch.n_refused.fetch_add(1, Ordering::Relaxed);
                cancelled.swallow();
            }
        }
        Step::Fail => return Err("failed"),
        Step::CancelGroup => {
            if let Some((group, _)) = place {
                group.cancel();
            }
        }
        Step::Spawn(steps) => {
            if let Some((group, n_alive)) = place {
                let alive = Alive::new(n_alive, &watch.program);
                let child = Watch::new(&watch.program, true);
                let body = run(steps, place.clone(), child);
                let child = async move {
                    let _alive = alive;
                    body.await
                };
                // Refused by a group that is being aborted.
                drop(group.create_task(child));
            }
        }
        Step::Group(steps) => {
            let n_alive = Arc::new(AtomicUsize::new(0));
            let (inside, body) = (Arc::clone(&n_alive), Arc::clone(watch));
            let body = move |group| run(steps, Some((group, inside)), body);
            let ended = TaskGroup::scope(body).await;
            assert_eq!(n_alive.load(Ordering::Relaxed), 0, "it waits for all");
            watch.check_count();
            watch.program.n_groups.fetch_add(1, Ordering::Relaxed);
            let failures = ended.map_or_else(|error| error.into_failures(), |()| Vec::new());
            let panicked = failures.iter().find(|failure| failure.error().is_panic());
            assert!(panicked.is_none(), "{panicked:?}");
            let has_failed = !failures.is_empty();
            watch.has_failed_now.store(has_failed, Ordering::Relaxed);
        }
        Step::Limit(limit, steps) => limited(limit, steps, place, watch).await?,
    }
    Ok(())
}

async fn limited(
    limit: u64,
    steps: Vec<Step>,
    place: &Place,
    watch: &Arc<Watch>,
) -> Result<(), &'static str> {
    let time = || Handle::current().time();
    let (start, n_refused) = (time(), watch.n_refused.load(Ordering::Relaxed));
    let ended = timeout(ms(limit), run(steps, place.clone(), Arc::clone(watch))).await;
    let took = time() - start;
    watch.check_count();
    match ended {
        Err(_) => {
            assert!(took >= ms(limit), "too early");
            watch.program.n_expired.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        Ok(value) => {
            let may_be_late = watch.n_refused.load(Ordering::Relaxed) > n_refused
                || watch.has_failed_now.load(Ordering::Relaxed);
            assert!(
                took <= ms(limit) || may_be_late,
                "a limit of {limit} ms is lost"
            );
            value
        }
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs a program and asks it to end at these times; how it ended, and what is known of it.
fn play(steps: Vec<Step>, requests: &[u64]) -> (TaskResult<Result<(), &'static str>>, Arc<Watch>) {
    let _watchdog = Watchdog::new(Duration::from_secs(10));
    let program = Arc::default();
    let watch = Watch::new(&program, false);
    let event_loop = virtual_loop();
    let ended = event_loop.run_until_complete(async {
        let task = create_task(run(steps, None, Arc::clone(&watch)));
        for delay in requests {
            sleep(ms(*delay)).await;
            if task.cancel() {
                watch.n_asked.fetch_add(1, Ordering::Relaxed);
            }
        }
        let ended = task.await;
        assert_eq!(program.n_children.load(Ordering::Relaxed), 0);
        assert!(
            event_loop.time() < Duration::from_secs(60),
            "it ends by itself"
        );
        ended
    });
    (ended.expect("the loop ran"), watch)
}

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    #[test]
    fn museum_bm71_counts_limits_and_requests_survive_any_program_of_groups(
        steps in steps(),
        requests in vec(0..120_u64, 0..4),
    ) {
        let (ended, watch) = play(steps, &requests);
        let n_asked = watch.n_asked.load(Ordering::Relaxed);
        let n_refused = watch.n_refused.load(Ordering::Relaxed);
        match ended {
            Err(error) => {
                prop_assert!(error.is_cancelled(), "{error}");
                prop_assert!(n_asked > 0, "nobody asked it to end");
            }
            Ok(_) => prop_assert!(n_asked == 0 || n_refused > 0, "a request is lost"),
        }
    }

    /// Groups that all have a limit around them and code that never refuses.
    #[test]
    fn museum_bm71_a_limit_around_any_group_is_reported(
        steps in steps(),
        limit in 1..80_u64,
    ) {
        let group = vec![Step::Group(steps), Step::Sleep(10_000)];
        let (ended, watch) = play(vec![Step::Limit(limit, group)], &[]);
        let refused = watch.n_refused.load(Ordering::Relaxed) > 0;
        let n_expired = watch.program.n_expired.load(Ordering::Relaxed);
        prop_assert_eq!(ended.expect("nobody asked it to end"), Ok(()));
        prop_assert!(refused || n_expired > 0);
    }
}

#[test]
fn museum_bm71_the_property_sees_groups_that_end_and_limits_that_expire() {
    let child = Step::Spawn(vec![Step::CleanUp(5), Step::Sleep(100)]);
    let group = Step::Group(vec![child, Step::Sleep(20)]);
    let steps = vec![Step::Limit(10, vec![group.clone()]), group];
    let (ended, watch) = play(steps, &[]);
    assert!(matches!(ended, Ok(Ok(()))));
    let [n_groups, n_expired] = [&watch.program.n_groups, &watch.program.n_expired];
    assert_eq!(n_groups.load(Ordering::Relaxed), 1);
    assert_eq!(n_expired.load(Ordering::Relaxed), 1);
}
