//! The program that is stopped from outside, as a whole or one of its workers, and goes on: its arguments
//! are a scenario and, for some, where it runs.

mod whole;
mod workers;

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use evloop_tests::watchdog::Watchdog;

fn main() {
    let _watchdog = Watchdog::new(Duration::from_secs(20));
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["whole", "loop"] => whole::on_a_loop(),
        ["whole", "runtime"] => whole::on_a_runtime(),
        ["in_a_step"] => workers::in_a_step(),
        ["asleep"] => workers::asleep(),
        ["anywhere"] => workers::anywhere(),
        _ => panic!("there is no scenario {words:?}"),
    }
    say("done");
}

fn say(line: impl Display) {
    writeln!(io::stdout(), "{line}").expect("the test reads standard output");
}
