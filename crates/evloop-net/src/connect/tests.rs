//! The order of attempts.

use std::net::SocketAddr;

use super::interleave;

/// The families of what `interleave` makes of addresses with these families, by the number of the address.
fn interleaved(families: &str) -> String {
    let mut addrs: Vec<SocketAddr> = families.chars().zip(0..).map(address).collect();
    interleave(&mut addrs);
    addrs.iter().map(|addr| addr.port().to_string()).collect()
}

fn address((family, number): (char, u16)) -> SocketAddr {
    match family {
        '4' => ([127, 0, 0, 1], number).into(),
        _ => ([0, 0, 0, 0, 0, 0, 0, 1], number).into(),
    }
}

#[test]
fn families_take_turns_from_the_first_address_on() {
    for (families, expected) in [
        ("", ""),
        ("4", "0"),
        ("444", "012"),
        ("64", "01"),
        ("46", "01"),
        ("6644", "0213"),
        ("4466", "0213"),
        ("66644", "03142"),
        ("46666", "01234"),
        ("66664", "04123"),
    ] {
        assert_eq!(interleaved(families), expected, "{families}");
    }
}
