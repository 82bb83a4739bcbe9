//! What stands for addresses.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as Std},
};

use evloop_resolve::{Targets, ToSocketAddrs, resolve};

use crate::support::now;

/// That it stands for the same as for std, without a lookup.
#[track_caller]
fn assert_same<T: ToSocketAddrs + Std + std::fmt::Debug>(addrs: T) {
    let expected: Vec<SocketAddr> = addrs.to_socket_addrs().expect("std takes it").collect();
    assert_eq!(
        now(resolve(&addrs)).expect("we take it"),
        expected,
        "{addrs:?}"
    );
}

#[test]
fn numbers_need_no_lookup_and_are_read_as_std_reads_them() {
    let addr: SocketAddr = "1.2.3.4:5".parse().expect("an address");
    assert_same(addr);
    assert_same(&[addr, addr][..]);
    assert_same(&[][..] as &[SocketAddr]);
    assert_same((Ipv4Addr::LOCALHOST, 80));
    assert_same((Ipv6Addr::LOCALHOST, 80));
    assert_same(("127.0.0.1", 80));
    assert_same(("::1", 80));
    assert_same(("::ffff:1.2.3.4".to_owned(), 80));
    assert_same("127.0.0.1:80");
    assert_same("[::1]:65535");
    assert_same("[fe80::1%3]:80");
    assert_same("0.0.0.0:0".to_owned());
}

#[test]
fn a_name_is_split_at_its_last_colon() {
    let name = "example.test:80".to_targets().expect("a name and a port");
    assert_eq!(name, Targets::name("example.test", 80));
    assert_eq!(name, ("example.test", 80).to_targets().expect("the same"));
}

#[test]
fn what_has_no_port_is_invalid_input_as_in_std() {
    for text in ["", "localhost", "localhost:", "a:65536", "a:-1", "a:http"] {
        let std = Std::to_socket_addrs(text).map(drop).unwrap_err().kind();
        let error = text.to_targets().unwrap_err();
        assert_eq!(
            (error.kind(), std),
            (ErrorKind::InvalidInput, std),
            "{text}"
        );
        assert!(error.to_string().contains("no port"), "{error}");
    }
}
