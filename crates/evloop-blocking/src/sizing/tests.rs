//! When the pool grows, as data.

use super::*;

#[track_caller]
fn check(numbers: [usize; 5], expected: Verdict) {
    let [n_queued, n_coming, n_idle, n_threads, max_threads] = numbers;
    let census = Census {
        n_queued,
        n_coming,
        n_idle,
        n_threads,
        max_threads,
    };
    assert_eq!(decide(census), expected, "{census:?}");
}

#[test]
fn the_verdict_follows_the_census() {
    // queued, coming, idle, threads, limit
    check([0, 0, 0, 0, 4], Verdict::Leave); // Nothing to do.
    check([0, 0, 3, 3, 4], Verdict::Leave);
    check([1, 0, 1, 1, 4], Verdict::Ring); // Somebody is asleep.
    check([9, 0, 1, 4, 4], Verdict::Ring); // Also at the limit.
    check([1, 0, 0, 1, 4], Verdict::Start); // All are busy and there is room.
    check([1, 0, 0, 3, 4], Verdict::Start); // The last place.
    check([1, 0, 0, 4, 4], Verdict::Leave); // No room.
    check([1, 0, 0, 1, 1], Verdict::Leave);
    check([1, 1, 0, 1, 4], Verdict::Leave); // The one on its way will ask again.
    check([9, 1, 3, 4, 4], Verdict::Leave);
    check([1, 0, 0, usize::MAX - 1, usize::MAX], Verdict::Start);
}

#[test]
fn refusals_space_attempts_out_and_one_success_forgets_them() {
    let mut backoff = Backoff::default();
    let mut gaps = Vec::new();

    for _ in 0..9 {
        let mut n_skipped = 0;
        while !backoff.should_try() {
            n_skipped += 1;
        }
        gaps.push(n_skipped);
        backoff.note_refusal();
    }

    assert_eq!(gaps, [0, 0, 1, 3, 7, 15, 31, 63, 63]);
    backoff.note_success();
    assert!(backoff.should_try());
    backoff.note_refusal();
    assert!(backoff.should_try());
}
