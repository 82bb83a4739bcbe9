//! The `Debug` forms, which read like asyncio's reprs.

use std::future::pending;

use evloop_task::{Builder, JoinError, Promise, Task, current_task};

use crate::by_hand::ByHand;

fn shown(what: impl std::fmt::Debug) -> String {
    format!("{what:?}")
}

#[test]
fn a_task_shows_its_state_name_result_and_callbacks() {
    let scheduler = ByHand::new();
    let spawn = || Builder::new().name("a").spawn(scheduler, async { "A" });

    let task = spawn();
    assert_eq!(shown(&task), "<Task pending name='a'>");
    task.add_done_callback(|_| {});
    let line = line!() - 1;
    let at = format!("cb=[closure at {}:{line}]>", file!());
    assert_eq!(shown(&task), format!("<Task pending name='a' {at}"));
    task.cancel();
    assert_eq!(shown(&task), format!("<Task cancelling name='a' {at}"));
    scheduler.run();
    assert_eq!(shown(&task), "<Task cancelled name='a'>");

    let task = spawn();
    scheduler.run();
    assert_eq!(shown(&task), "<Task finished name='a' result=\"A\">");

    let task: Task<()> = Builder::new()
        .name("a")
        .spawn(scheduler, async { panic!("why") });
    scheduler.run();
    assert_eq!(
        shown(&task),
        "<Task finished name='a' exception=Panicked(\"why\")>"
    );
    assert!(task.exception().unwrap().is_some());
}

#[test]
fn a_task_without_a_name_is_called_after_its_number() {
    let scheduler = ByHand::new();
    let task = Builder::new().spawn(scheduler, pending::<()>());

    assert_eq!(&*task.name(), format!("Task-{}", task.id()));
    let step = scheduler.next_step().unwrap();
    assert_eq!(
        shown(&step),
        format!("<Runnable of pending 'Task-{}'>", task.id())
    );
    assert_eq!(step.task().id(), task.id());
    assert!(step.spawned_at().file().ends_with("debug_forms.rs"));
}

#[test]
fn a_promise_shows_its_state_result_and_callbacks() {
    let scheduler = ByHand::new();
    let promise = Promise::<u8>::new_in(scheduler);
    assert_eq!(shown(&promise), "<Promise pending>");
    promise.add_done_callback(|_| {});
    let line = line!() - 1;
    let at = format!("closure at {}:{line}", file!());
    assert_eq!(shown(&promise), format!("<Promise pending cb=[{at}]>"));
    promise.set_result(3).unwrap();
    assert_eq!(shown(&promise), "<Promise finished result=3>");

    let promise = Promise::<u8>::new_in(scheduler);
    promise.cancel_with("no more");
    assert_eq!(shown(&promise), "<Promise cancelled>");
    let error = promise.exception().unwrap().unwrap();
    assert_eq!(
        (error.to_string(), shown(error)),
        (
            "cancelled: no more".to_owned(),
            "Cancelled(\"no more\")".to_owned(),
        )
    );

    let promise = Promise::<u8>::new_in(scheduler);
    promise.set_exception("broken").unwrap();
    assert_eq!(
        shown(&promise),
        "<Promise finished exception=Failed(\"broken\")>"
    );
    assert!(matches!(
        promise.exception(),
        Ok(Some(JoinError::Failed(_)))
    ));
}

#[test]
fn a_reference_shows_the_state_and_name() {
    let scheduler = ByHand::new();
    let task = Builder::new()
        .name("b")
        .spawn(scheduler, async { current_task().map(shown) });

    scheduler.run();

    let inside = task.result().unwrap().as_ref().unwrap().clone();
    assert_eq!(inside.as_deref(), Some("<Task pending name='b'>"));
}
